import { readJpegHead } from '../shared/jpeg.ts';

/** Marker, length, precision, height and width of a frame header (ITU T.81 B.2.2), in bytes. */
const HEADER_BYTES = 9;

/** The size of one camera's pictures. As long as the frame header stands where it stood, and says the same, nothing is read anew. Pure. */
export class FrameSize {
  #header = Buffer.alloc(0);
  #at = 0;
  #size: { width: number; height: number } | null = null;

  /** Width and height of a JPEG, in pixels; null when it tells none that can be read. */
  read(jpeg: Buffer): { width: number; height: number } | null {
    if (
      this.#size &&
      jpeg.length >= this.#at + HEADER_BYTES &&
      jpeg.compare(this.#header, 0, HEADER_BYTES, this.#at, this.#at + HEADER_BYTES) === 0
    )
      return this.#size;
    const head = readJpegHead(jpeg);
    if (!head) return null;
    this.#at = head.sof;
    this.#header = Buffer.from(jpeg.subarray(head.sof, head.sof + HEADER_BYTES));
    this.#size = { width: head.width, height: head.height };
    return this.#size;
  }

  /** Of the last picture that told one. */
  get last(): { width: number; height: number } | null {
    return this.#size;
  }
}
