/** Text from outside as it may be shown: nothing in it that hides, or turns round what is beside it. Pure. */

/**
 * Control characters, and those that override the direction of writing: "\u202Emoc.live" would be
 * read as "evil.com". The marks of right-to-left scripts, which people need, are left alone.
 */
const UNSHOWN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The same text with a sign in place of each character that is not to be shown. */
export const plain = (text) => text.replace(UNSHOWN, "\ufffd");
