/** As `Stamp` in services/shared/contract.ts, which reads from a Buffer; a browser has none. */
export interface Stamp {
  seq: number;
  /** Microseconds since 1970. */
  t: number;
}

const STAMP_TEXT = /^homeguard seq=(\d{1,16}) t=(\d{1,16})$/;
const PLACEHOLDER_TEXT = 'homeguard placeholder';
/** SOI (2 bytes), COM marker (2), segment length (2). */
const TEXT_OFFSET = 6;
const MAX_TEXT = 64;

/** Reads the stamp of a JPEG; null when it bears none, as the gateway's placeholders and pictures of other publishers do. */
export function readStamp(jpeg: Uint8Array): Stamp | null {
  const found = STAMP_TEXT.exec(readComment(jpeg));
  return found ? { seq: Number(found[1]), t: Number(found[2]) } : null;
}

/** Is it a picture that the gateway drew itself, since there was nothing to show? */
export function isPlaceholder(jpeg: Uint8Array): boolean {
  return readComment(jpeg) === PLACEHOLDER_TEXT;
}

/** The text of the COM segment right behind SOI (ITU T.81 B.2.4.5), if there is a short one. */
function readComment(jpeg: Uint8Array): string {
  if (jpeg.length < TEXT_OFFSET) return '';
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (view.getUint32(0) !== 0xffd8fffe) return '';
  const length = view.getUint16(4) - 2;
  if (length < 0 || length > MAX_TEXT || TEXT_OFFSET + length > jpeg.length) return '';
  return String.fromCharCode(...jpeg.subarray(TEXT_OFFSET, TEXT_OFFSET + length));
}
