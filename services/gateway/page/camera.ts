import type { CameraState } from '../../shared/contract.ts';

/** One of `GET cameras`, and what a state message carries. */
export interface Camera extends Omit<CameraState, 'condition' | 'since'> {
  id: string;
  name: string;
  online: boolean;
  /** The contract's, or the gateway's own `offline` and `bus-lost`. */
  condition: string;
  /** Null when the camera never said. */
  since: string | null;
  size: { width: number; height: number } | null;
  fps: number | null;
  viewers: number;
  default: boolean;
  /** Whether who looks may set it; as of when this was said, and the gateway refuses in words what it does not grant any more. */
  control: boolean;
  /** What its MQTT topics begin with: `homeguard/front`. */
  topic: string;
}

/** The session is gone. */
export class LoginNeeded extends Error {}

/** All cameras the gateway knows. Throws LoginNeeded, or what fetch throws when the gateway is not reached. */
export async function fetchCameras(): Promise<Camera[]> {
  const response = await fetch('cameras', { cache: 'no-store', headers: { Accept: 'application/json' } });
  if (response.status === 401 || response.redirected) throw new LoginNeeded();
  if (!response.ok) throw new Error(`The gateway answered ${response.status}`);
  return (await response.json()) as Camera[];
}
