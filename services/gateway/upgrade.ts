import { upgradeWebSocket } from '@hono/node-server';
import type { WebSocket } from 'ws';
import type { Asked } from './context.ts';
import type { Door } from './door.ts';
import type { LiveClient } from './live.ts';
import { problem } from './problem.ts';
import { isWebSocket } from './request-bounds.ts';

/** Makes a WebSocket of a request, if there is room for one more viewer; `begin` makes its client. */
export function upgrade(door: Pick<Door, 'turnAway'>, begin: (socket: WebSocket, c: Asked) => LiveClient) {
  return async (c: Asked): Promise<Response> => {
    if (!isWebSocket(c.env.incoming)) return problem(426, 'This address speaks WebSocket.', {}, { Upgrade: 'websocket' });
    const away = door.turnAway(c);
    if (away) return away;
    let client: LiveClient | undefined;
    const answer = await upgradeWebSocket(() => ({
      onOpen: (_event, { raw }) => {
        client = begin(raw as unknown as WebSocket, c);
      },
      onMessage: ({ data }) => client?.take(typeof data === 'string' ? data : ''),
    }))(c, async () => {});
    return answer ?? problem(400, 'The WebSocket handshake failed.');
  };
}
