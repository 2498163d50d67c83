/**
 * Pictures drawn by the browser as those of a video: it takes them in JPEG's own colours, and brings them to the screen with no copy of ours
 * in between, at half the work of a canvas. Chromium alone offers it, where the page comes over HTTPS or from this machine.
 */
import { markFirstPicture } from './first-picture.ts';

/** https://www.w3.org/TR/mediacapture-transform/ in its first form, which Chromium has kept. */
interface TrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}

declare const MediaStreamTrackGenerator: (new (init: { kind: 'video' }) => TrackGenerator) | undefined;

/** Whether a video element can be given pictures. */
export const takesPictures = typeof MediaStreamTrackGenerator !== 'undefined' && typeof ImageDecoder !== 'undefined';

/** Has an element show what is written. */
export function play(element: HTMLVideoElement): WritableStream<VideoFrame> {
  if (!MediaStreamTrackGenerator) throw new Error('This browser has no pictures for videos');
  const generator = new MediaStreamTrackGenerator({ kind: 'video' });
  element.requestVideoFrameCallback(markFirstPicture);
  element.srcObject = new MediaStream([generator]);
  return generator.writable;
}

/** Nothing of what it showed is left; what is written from now on is shown. */
export function blank(element: HTMLVideoElement): void {
  const { srcObject } = element;
  if (srcObject) element.srcObject = srcObject;
}
