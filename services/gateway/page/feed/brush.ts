/** How a JPEG file gets onto a canvas, or into a video. */
import { markFirstPicture } from './first-picture.ts';
import type { Surface } from './messages.ts';
import type { Jpeg } from './painter.ts';

interface Size {
  width: number;
  height: number;
}

export interface Brush {
  /** Resolves to the picture's size once it is drawn, to null when it is not wanted any more. Rejects when the file is no picture. */
  draw(jpeg: Jpeg, isWanted: () => boolean): Promise<Size | null>;
  /** Nothing is to be seen from now on. */
  clear(): void;
  /** Is not used again. */
  leave(): void;
}

export function brushFor(surface: Surface): Brush {
  return surface instanceof WritableStream ? videoBrush(surface) : canvasBrush(surface);
}

function videoBrush(stream: WritableStream<VideoFrame>): Brush {
  const writer = stream.getWriter();
  return {
    draw: async (jpeg, isWanted) => {
      const frame = await decode(jpeg);
      if (!isWanted()) {
        frame.close();
        return null;
      }
      const size = { width: frame.displayWidth, height: frame.displayHeight };
      // One that is not taken any more belongs to an element that is gone.
      await writer.write(frame).catch(() => frame.close());
      return size;
    },
    // A video that is hidden takes no picture, a black one neither: the page blanks it.
    clear: () => {},
    leave: () => void writer.close().catch(() => {}),
  };
}

function canvasBrush(surface: HTMLCanvasElement | OffscreenCanvas): Brush {
  const put = putterOf(surface);
  return {
    draw: async (jpeg, isWanted) => {
      const bitmap = await decodeBitmap(jpeg);
      const { width, height } = bitmap;
      const wanted = isWanted();
      if (wanted && (surface.width !== width || surface.height !== height)) Object.assign(surface, { width, height });
      if (wanted) put(bitmap);
      if (wanted) markFirstPicture();
      bitmap.close();
      return wanted ? { width, height } : null;
    },
    clear: () => put(null),
    leave: () => {},
  };
}

function putterOf(surface: HTMLCanvasElement | OffscreenCanvas): (bitmap: ImageBitmap | null) => void {
  const renderer = surface.getContext('bitmaprenderer', { alpha: false }) as ImageBitmapRenderingContext | null;
  if (renderer) return (bitmap) => renderer.transferFromImageBitmap(bitmap);
  const context = surface.getContext('2d', { alpha: false }) as OffscreenCanvasRenderingContext2D | null;
  return (bitmap) => (bitmap ? context?.drawImage(bitmap, 0, 0) : context?.clearRect(0, 0, surface.width, surface.height));
}

/** Takes bytes as they are: a Blob's go to another process and back. Browsers offer it where the page comes over HTTPS or from this machine. */
async function decode(jpeg: Jpeg): Promise<VideoFrame> {
  const decoder = new ImageDecoder({ data: jpeg, type: 'image/jpeg' });
  try {
    return (await decoder.decode()).image;
  } finally {
    decoder.close();
  }
}

async function decodeBitmap(jpeg: Jpeg): Promise<ImageBitmap> {
  if (typeof ImageDecoder === 'undefined') return createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
  const frame = await decode(jpeg);
  return createImageBitmap(frame).finally(() => frame.close());
}
