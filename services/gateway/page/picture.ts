/**
 * The canvas that pictures are drawn on. One is decoded at a time, off the main thread; of those that come meanwhile only the newest is
 * kept. A decoded picture is handed to the canvas without a copy, which takes it over: nothing is left to be freed.
 */
export class Picture {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: ImageBitmapRenderingContext;
  #next: { jpeg: ArrayBuffer; drawn: () => void } | null = null;
  #decoding = false;
  /** Counts the clearings: a picture that was decoded across one is not drawn any more. */
  #era = 0;

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext('bitmaprenderer', { alpha: false });
    if (!context) throw new Error('This browser cannot draw pictures');
    this.#canvas = canvas;
    this.#context = context;
  }

  /** Draws a JPEG file, unless a newer one comes before its turn; `drawn` is called only when it was. */
  show(jpeg: ArrayBuffer, drawn: () => void): void {
    this.#next = { jpeg, drawn };
    if (!this.#decoding) void this.#drawAll();
  }

  clear(): void {
    this.#era += 1;
    this.#next = null;
    this.#context.transferFromImageBitmap(null);
  }

  get size(): { width: number; height: number } {
    return { width: this.#canvas.width, height: this.#canvas.height };
  }

  async #drawAll(): Promise<void> {
    this.#decoding = true;
    for (let next = this.#next; next; next = this.#next) {
      this.#next = null;
      const era = this.#era;
      const bitmap = await decode(next.jpeg);
      if (bitmap && era === this.#era) {
        this.#draw(bitmap);
        next.drawn();
      }
      bitmap?.close();
    }
    this.#decoding = false;
  }

  #draw(bitmap: ImageBitmap): void {
    const { width, height } = bitmap;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#context.transferFromImageBitmap(bitmap);
  }
}

async function decode(jpeg: ArrayBuffer): Promise<ImageBitmap | null> {
  try {
    return await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
  } catch {
    return null; // Not a picture. The next one may be, and when none is, the page says how old the last one is.
  }
}
