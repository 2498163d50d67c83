import type { Scope } from './cleanup.ts';
import { startCamera } from './fake-camera.ts';
import { type Env, startTestBroker, startTestGateway } from './services.ts';
import { until } from './until.ts';
import { bearer } from './viewers.ts';

/**
 * A broker, a gateway, and the camera `front`, once the gateway knows it. `view` is what the gateway tells of it.
 * @param frames JPEG files
 * @param options `env`: settings of the gateway; `fps`: how many frames a second the camera plays from the start on
 */
export async function startFront(t: Scope, frames: Buffer[], { env = {}, fps = 0 }: { env?: Env; fps?: number } = {}) {
  const bus = await startTestBroker(t);
  const camera = await startCamera(t, bus, 'front', frames);
  if (fps > 0) camera.play(fps);
  const gateway = await startTestGateway(t, bus, env);
  const { url } = gateway;
  const view = async () => (await (await fetch(`${url}cameras/front`, { headers: bearer })).json()) as Record<string, unknown>;
  await until('camera at the gateway', async () => (await view()).online);
  return { bus, camera, gateway, url, view };
}
