let video: HTMLVideoElement | null = null;

/** Shows the camera in a window of its own, or ends that. Throws where the browser cannot, or will not. */
export async function togglePip(): Promise<void> {
  if (document.pictureInPictureElement) return document.exitPictureInPicture();
  const canvas = document.querySelector<HTMLCanvasElement>('#picture canvas');
  if (!canvas || !document.pictureInPictureEnabled) throw new Error('No picture in picture here');
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
