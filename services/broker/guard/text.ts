import { isUtf8 } from 'node:buffer';

/**
 * Whether MQTT allows `bytes` as a string (5.0, 1.5.4): well-formed UTF-8 without NUL, and without the control characters and
 * non-characters for which a receiver may close.
 */
export function isText(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return isWideText(bytes.subarray(from, to));
    if (byte < 0x20 || byte === 0x7f) return false;
  }
  return true;
}

function isWideText(bytes: Buffer): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return isUtf8(bytes) && !/[\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef]|\p{Noncharacter_Code_Point}/u.test(bytes.toString());
}
