import { readStamp } from '../../services/shared/contract.ts';
import type { Stack } from '../helpers/stack.ts';
import { until } from '../helpers/until.ts';

export const SERVICES = ['broker', 'camera', 'gateway'];
/** Until a stack has started, on a machine that is busy, in ms. */
export const STARTED_MS = 20_000;

/** Waits, and shows what the services said where it was in vain. */
async function seen<T>(stack: Stack, ...what: Parameters<typeof until<T>>) {
  return await until(...what).catch(async (error: Error) => {
    const logs = await stack.compose('logs', '--no-color');
    throw new Error(`${error.message}\n${logs.replaceAll(/^setup.*\n/gm, '')}`);
  });
}

/** Waits for the camera to say so; what it said last stands in the failure. */
export async function condition(stack: Stack, wanted: RegExp, ms: number, id = 'camera') {
  return await seen(
    stack,
    `condition ${wanted} of ${id}`,
    async () => {
      const view = await stack.camera(id);
      if (!wanted.test(view.condition)) throw new Error(JSON.stringify({ ...view, settings: undefined }));
      return view;
    },
    { ms },
  );
}

/** Waits until a frame of the camera comes through the gateway, and gives its sequence number. */
export async function frame(stack: Stack, ms: number): Promise<number> {
  return await seen(
    stack,
    'picture through the gateway',
    async () => {
      const answer = await stack.get('snapshot');
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
      return readStamp(Buffer.from(await answer.arrayBuffer()))?.seq;
    },
    { ms },
  );
}
