/**
 * One picture at a time, decoded off the thread that asks; of those that come meanwhile only the newest is kept. A decoded picture is
 * handed to the canvas without a copy, which takes it over: nothing is left to be freed.
 */
type Surface = HTMLCanvasElement | OffscreenCanvas;
export type Jpeg = Uint8Array<ArrayBuffer>;

/** Stands in the browser's own timeline, once: how long somebody waited for a picture. */
const FIRST_PICTURE = 'homeguard:first-picture';

interface Job {
  jpeg: Jpeg;
  /** Is called in any case, when its turn is over. */
  done: (drawn: boolean) => void;
}

export class Painter {
  #surface: Surface | null = null;
  #put: ((bitmap: ImageBitmap | null) => void) | null = null;
  #next: Job | null = null;
  #decoding = false;
  /** Counts the clearings: a picture that was decoded across one is not drawn any more. */
  #era = 0;
  #size = { width: 0, height: 0 };

  /** Where pictures are drawn from now on; null: nowhere. */
  set surface(surface: Surface | null) {
    this.#surface = surface;
    this.#put = surface && putterOf(surface);
  }

  get surface(): Surface | null {
    return this.#surface;
  }

  /** Draws a JPEG file, unless a newer one comes before its turn. */
  show(jpeg: Jpeg, done: Job['done']): void {
    this.#next?.done(false);
    this.#next = { jpeg, done };
    if (!this.#decoding) void this.#drawAll();
  }

  clear(): void {
    this.#era += 1;
    this.#next?.done(false);
    this.#next = null;
    this.#put?.(null);
  }

  /** Of the picture that was drawn last, in pixels. */
  get size(): { width: number; height: number } {
    return this.#size;
  }

  async #drawAll(): Promise<void> {
    this.#decoding = true;
    for (let next = this.#next; next; next = this.#next) {
      this.#next = null;
      const era = this.#era;
      const bitmap = this.#surface && (await decode(next.jpeg));
      const isWanted = bitmap !== null && era === this.#era;
      if (isWanted) this.#draw(bitmap);
      next.done(isWanted);
      bitmap?.close();
    }
    this.#decoding = false;
  }

  #draw(bitmap: ImageBitmap): void {
    const { width, height } = bitmap;
    this.#size = { width, height };
    if (this.#surface && (this.#surface.width !== width || this.#surface.height !== height)) Object.assign(this.#surface, this.#size);
    this.#put?.(bitmap);
    if (performance.getEntriesByName(FIRST_PICTURE).length === 0) performance.mark(FIRST_PICTURE);
  }
}

function putterOf(surface: Surface): (bitmap: ImageBitmap | null) => void {
  const renderer = surface.getContext('bitmaprenderer', { alpha: false }) as ImageBitmapRenderingContext | null;
  if (renderer) return (bitmap) => renderer.transferFromImageBitmap(bitmap);
  const context = surface.getContext('2d', { alpha: false }) as OffscreenCanvasRenderingContext2D | null;
  return (bitmap) => (bitmap ? context?.drawImage(bitmap, 0, 0) : context?.clearRect(0, 0, surface.width, surface.height));
}

/**
 * A quarter of the work is saved by the decoder that takes bytes as they are, and keeps the picture in JPEG's own colours: a Blob's bytes
 * go to another process and back. Browsers offer it where the page comes over HTTPS or from this machine.
 */
async function decode(jpeg: Jpeg): Promise<ImageBitmap | null> {
  try {
    if (typeof ImageDecoder === 'undefined') return await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
    const decoder = new ImageDecoder({ data: jpeg, type: 'image/jpeg' });
    try {
      const { image } = await decoder.decode();
      return await createImageBitmap(image).finally(() => image.close());
    } finally {
      decoder.close();
    }
  } catch {
    return null; // Not a picture. The next one may be, and when none is, the page says how old the last one is.
  }
}
