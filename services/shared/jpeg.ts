/** What a JPEG file says of itself (ITU T.81, Annex B), without decoding it. Pure. */

export interface JpegHead {
  /** In pixels. */
  width: number;
  height: number;
  /** Where the frame header's marker (SOF) begins. */
  sof: number;
  /** Where the SOS marker begins. */
  sos: number;
  /** Whether Huffman tables (DHT) come before the scan; webcams leave them out (AVI1). */
  hasTables: boolean;
}

const SOI = 0xffd8;
const EOI = Buffer.from([0xff, 0xd9]);
const DHT = 0xc4;
const SOS = 0xda;
/** Baseline, extended sequential, progressive: what browsers show. */
const SHOWN_FRAMES = new Set([0xc0, 0xc1, 0xc2]);
const OTHER_FRAMES = new Set([0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);
/** More segments before the scan are nonsense. */
const MAX_SEGMENTS = 512;

/** Walks the segments up to the first scan; null when these are no picture's. */
export function readJpegHead(jpeg: Buffer): JpegHead | null {
  if (jpeg.length < 4 || jpeg.readUInt16BE(0) !== SOI) return null;
  let at = 2;
  let frame: Pick<JpegHead, 'width' | 'height' | 'sof'> | null = null;
  let hasTables = false;
  for (let count = 0; count < MAX_SEGMENTS; count++) {
    // Any number of 0xff may stand before a marker (B.1.1.2).
    while (at + 4 < jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] === 0xff) at++;
    if (at + 4 > jpeg.length || jpeg[at] !== 0xff) return null;
    const marker = jpeg.readUInt8(at + 1);
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (!hasLength(marker) || end < at + 4 || end > jpeg.length || OTHER_FRAMES.has(marker)) return null;
    if (marker === SOS) return frame && { ...frame, sos: at, hasTables };
    if (marker === DHT) hasTables = true;
    if (SHOWN_FRAMES.has(marker)) frame = readFrameHeader(jpeg, at, end);
    at = end;
  }
  return null;
}

/**
 * Where the picture ends: behind the EOI marker, which cannot stand in the scan's data (F.1.2.3 stuffs every 0xff there).
 * Only padding (0x00 or 0xff, some cameras fill up their buffers) may follow. -1: it was cut off, or something else follows.
 */
export function findJpegEnd(jpeg: Buffer, sos: number): number {
  let end = jpeg.length;
  while (end > sos && (jpeg[end - 1] === 0x00 || jpeg[end - 1] === 0xff)) end--;
  return end - 2 > sos && jpeg.subarray(end - 2, end).equals(EOI) ? end : -1;
}

/** Every marker has a length but those that stand alone: TEM, RSTn, SOI, EOI (B.1.1.3). Below 0xc0 all are reserved. */
function hasLength(marker: number): boolean {
  return marker >= 0xc0 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd9);
}

/** The frame header's size (B.2.2). Height 0, told only after the scan, is in no camera's pictures. */
function readFrameHeader(jpeg: Buffer, at: number, end: number): Pick<JpegHead, 'width' | 'height' | 'sof'> | null {
  if (end - at < 10) return null;
  const [height, width] = [jpeg.readUInt16BE(at + 5), jpeg.readUInt16BE(at + 7)];
  return width > 0 && height > 0 ? { width, height, sof: at } : null;
}
