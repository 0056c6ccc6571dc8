"""Who looks and steers: the JSON API, the stream of changes, the page and the metrics."""
