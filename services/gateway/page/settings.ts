import { LoginNeeded } from './camera.ts';
import { reasonOf } from './problem.ts';

/** Sets a camera's `setting`. Throws LoginNeeded, or an error that says why it was refused. */
export async function setSetting(id: string, setting: string, value: string): Promise<void> {
  const response = await fetch(`cameras/${id}/${setting}`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/plain' },
    body: value,
  });
  if (response.status === 401 || response.redirected) throw new LoginNeeded();
  if (!response.ok) throw new Error(await reasonOf(response));
}
