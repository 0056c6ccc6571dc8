// The same service as one writes it with npm's `ws`: who is here, a heartbeat as in the README of
// `ws` (every PING_INTERVAL seconds whoever did not pong is terminated, the others are pinged), and
// an answer to the page's own ping. What lastseen does besides (history, watchers, limits, …) it
// leaves out.
//
// node plain_ws_server.cjs PORT PING_INTERVAL

const { WebSocketServer } = require("ws");
const { randomUUID } = require("node:crypto");

const [port, pingInterval] = process.argv.slice(2).map(Number);
const PONG = JSON.stringify({ type: "pong" });

const clients = new Map();

function register(socket, message) {
  socket.clientId = message.client_id;
  clients.set(message.client_id, { ...message, socket, lastSeen: Date.now() });
  const session = randomUUID();
  socket.send(JSON.stringify({ type: "registered", client_id: message.client_id, session }));
}

function alive(socket) {
  socket.isAlive = true;
  const client = clients.get(socket.clientId);
  if (client) client.lastSeen = Date.now();
}

function onMessage(data) {
  const message = JSON.parse(data);
  alive(this);
  if (message.type === "ping") this.send(PONG);
  else if (message.type === "register") register(this, message);
}

function onPong() {
  alive(this);
}

function onClose() {
  if (clients.get(this.clientId)?.socket === this) clients.delete(this.clientId);
}

const options = { host: "127.0.0.1", port, path: "/ws", backlog: 1024 };
const server = new WebSocketServer({ ...options, handleProtocols: () => "lastseen.json" });

server.on("connection", (socket) => {
  socket.isAlive = true;
  socket.on("error", console.error);
  socket.on("message", onMessage);
  socket.on("pong", onPong);
  socket.on("close", onClose);
});

setInterval(() => {
  for (const socket of server.clients) {
    if (!socket.isAlive) {
      socket.terminate();
      continue;
    }
    socket.isAlive = false;
    socket.ping();
  }
}, pingInterval * 1000);
