import { LoginNeeded } from './camera.ts';

/** Who looks at the page, and what he may: `GET me`. */
export interface Me {
  /** Null where nobody logs in. */
  name: string | null;
  /** `admin` and `user` logged in here, `proxy` at a proxy in front; `anyone`: nobody logs in. */
  by: 'admin' | 'user' | 'token' | 'proxy' | 'anyone';
  admin: boolean;
}

/** Throws LoginNeeded, or what fetch throws when the gateway is not reached. */
export async function fetchMe(): Promise<Me> {
  const response = await fetch('me', { cache: 'no-store', headers: { Accept: 'application/json' } });
  if (response.status === 401 || response.redirected) throw new LoginNeeded();
  if (!response.ok) throw new Error(`The gateway answered ${response.status}`);
  return (await response.json()) as Me;
}
