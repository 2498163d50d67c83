/** Of a canvas that is shown. */
let video: HTMLVideoElement | null = null;

/** Shows the camera in a window of its own, or ends that. Throws where the browser cannot, or will not. */
export async function togglePip(): Promise<void> {
  if (document.pictureInPictureElement) return document.exitPictureInPicture();
  const view = document.querySelector('#picture .view');
  if (view instanceof HTMLVideoElement) await view.requestPictureInPicture();
  else if (view instanceof HTMLCanvasElement && document.pictureInPictureEnabled) await showCanvas(view);
  else throw new Error('No picture in picture here');
}

async function showCanvas(canvas: HTMLCanvasElement): Promise<void> {
  video?.remove();
  video = document.createElement('video');
  video.muted = true;
  video.srcObject = canvas.captureStream();
  video.addEventListener('leavepictureinpicture', stop, { once: true });
  await video.play();
  await video.requestPictureInPicture();
}

function stop(): void {
  const stream = video?.srcObject;
  if (stream instanceof MediaStream) for (const track of stream.getTracks()) track.stop();
  if (video) video.srcObject = null;
  video = null;
}
