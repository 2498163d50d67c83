import { LoginNeeded } from './camera.ts';
import { reasonOf } from './problem.ts';
import { snapshotName } from './words/times.ts';

/** Saves a fresh picture of the camera as a file, and gives its name. Throws LoginNeeded, or an error that says why there is none. */
export async function saveSnapshot(id: string, now: number): Promise<string> {
  const response = await fetch(`cameras/${id}/snapshot`, { cache: 'no-store' });
  if (response.status === 401 || response.redirected) throw new LoginNeeded();
  if (!response.ok) throw new Error(await reasonOf(response));
  const taken = Number(response.headers.get('X-Timestamp')) * 1000;
  const name = snapshotName(id, taken || now);
  saveAs(name, await response.blob());
  return name;
}

/** Saves bytes as a file of this name. */
export function saveAs(name: string, file: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The download has its own hold on the file once the click was handled; some browsers handle it a little later.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}
