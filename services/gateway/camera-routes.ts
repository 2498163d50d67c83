import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Handler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { MAX_COMMAND_BYTES } from '../shared/knob.ts';
import { may } from '../shared/rights.ts';
import type { Audit } from './access/audit.ts';
import type { Presence } from './access/presence.ts';
import { mayControl, mayView, type Visitor } from './access/visitor.ts';
import type { Callers } from './callers.ts';
import type { Channel } from './channel.ts';
import { answerCheckup } from './checkup.ts';
import type { Commands } from './command.ts';
import type { Asked, Env } from './context.ts';
import type { Door } from './door.ts';
import type { Hub } from './hub.ts';
import { LiveClient, type LiveOptions } from './live.ts';
import { STREAM_HEADERS, streamMjpeg } from './mjpeg.ts';
import { problem } from './problem.ts';
import type { Refusals } from './refusals.ts';
import type { Routes } from './routes.ts';
import { changeSetting } from './setting.ts';
import { answerSized, answerSnapshot } from './snapshot.ts';
import { upgrade } from './upgrade.ts';

const DEFAULT_MAX_AGE_MS = 1_000;
const MAX_FPS = 240;

export interface CameraParts {
  hub: Pick<Hub, 'ids' | 'trouble' | 'find' | 'channel' | 'commands' | 'defaultId' | 'prefix'>;
  door: Pick<Door, 'turnAway' | 'slow' | 'noisy'>;
  callers: Pick<Callers, 'admitViewer'>;
  presence: Presence;
  refusals: Refusals;
  audit: Audit;
  /** What runs the doctor on the command line. */
  doctorProgram: string;
}

type CameraAnswer = (c: Asked, channel: Channel, commands: Commands) => Response | Promise<Response>;

/** What is shown of cameras, and what can be done to them. @returns the handlers that answer at mjpg-streamer's addresses, too */
export function addCameras(
  routes: Routes,
  { hub, door, callers, presence, refusals, audit, doctorProgram }: CameraParts,
): { stream: Handler<Env>; snapshot: Handler<Env> } {
  const seenBy = (visitor: Visitor) => (id: string) => mayView(visitor, id);
  const describeTo = (visitor: Visitor) => (channel: Channel) => {
    const { id } = channel.camera;
    const control = mayControl(visitor, id);
    return { ...channel.view(), default: id === hub.defaultId(seenBy(visitor)), control, topic: `${hub.prefix}/${id}` };
  };

  /**
   * Does `answer` for the camera named in the path, or the default one, for whoever has that right; says why when there is none. One that he
   * may not see is as one that does not exist.
   */
  const withCamera = (right: 'view' | 'control', answer: CameraAnswer) => async (c: Asked) => {
    const visitor = c.get('visitor');
    const channel = await hub.find(c.req.param('id'), seenBy(visitor));
    const commands = channel && hub.commands(channel.camera.id);
    if (!commands) return noCamera(c.req.param('id'), hub.ids.filter(seenBy(visitor)), hub.trouble);
    const { id } = channel.camera;
    if (right === 'view' || mayControl(visitor, id)) return answer(c, channel, commands);
    refusals.add('no-right', { path: c.req.path });
    return problem(403, `This takes the right control:${id}; ${visitor.name} may only watch.`);
  };

  const stream = withCamera('view', (c, channel) => {
    const fps = numberOf(c.req.query('fps'), Number.POSITIVE_INFINITY);
    if (!(fps > 0)) return problem(400, `fps has to be a number above 0, at most ${MAX_FPS}.`);
    // Hono makes an answer of its own for HEAD, so nothing may be written past it.
    if (c.req.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS);
    const away = door.turnAway(c);
    if (away) return away;
    const { incoming, outgoing } = c.env;
    callers.admitViewer(incoming.socket);
    streamMjpeg(channel, c.env, { fps, slow: door.slow(c) });
    const { id } = channel.camera;
    const stay = presence.stay(c.get('visitor'), (rights) => void ((rights && may(rights, 'read', id)) || outgoing.end()));
    outgoing.once('close', () => stay[Symbol.dispose]());
    return RESPONSE_ALREADY_SENT;
  });

  const snapshot = withCamera('view', (c, channel, commands) => {
    const size = c.req.query('size');
    if (size !== undefined) return answerSized(channel, commands, size);
    const maxAge = numberOf(c.req.query('max_age'), DEFAULT_MAX_AGE_MS);
    if (!(maxAge >= 0)) return problem(400, 'max_age has to be a number of milliseconds, 0 or more.');
    return door.turnAway(c) ?? answerSnapshot(channel, maxAge);
  });

  const optionsFor = (c: Asked, find: LiveOptions['find']): LiveOptions => {
    const describe = describeTo(c.get('visitor'));
    return {
      describe: (channel) => ({ type: 'state', ...describe(channel), now: Date.now() }),
      find,
      isFull: () => door.turnAway(c) !== null,
      slow: door.slow(c),
      noisy: door.noisy(c),
    };
  };
  const live = (find: LiveOptions['find'], channel?: Channel) =>
    upgrade(door, (socket, c) => {
      callers.admitViewer(c.env.incoming.socket);
      const visitor = c.get('visitor');
      const client = new LiveClient(
        socket,
        c.env.incoming.socket,
        optionsFor(c, find && ((id) => (mayView(visitor, id) ? find(id) : undefined))),
      );
      const stay = presence.stay(visitor, (rights) => client.keep(rights && ((id) => may(rights, 'read', id))));
      socket.once('close', () => stay[Symbol.dispose]());
      if (channel) client.watch(channel);
      return client;
    });

  const set = withCamera('control', async (c, channel, commands) => {
    const setting = c.req.param('setting') ?? '';
    const answer = await changeSetting(c.req, setting, channel, commands);
    if (answer.ok) audit.note(c, 'setting', c.get('visitor'), { camera: channel.camera.id, setting });
    return answer;
  });
  const examine = withCamera('control', async (c, channel, commands) => {
    audit.note(c, 'command', c.get('visitor'), { camera: channel.camera.id, setting: 'doctor' });
    return answerCheckup(channel, commands, doctorProgram);
  });
  const limit = bodyLimit({
    maxSize: MAX_COMMAND_BYTES,
    onError: () => problem(413, `A value is at most ${MAX_COMMAND_BYTES} bytes long.`),
  });

  routes.add('GET', '/cameras', 'login', (c) => {
    const visitor = c.get('visitor');
    const channels = hub.ids.filter(seenBy(visitor)).flatMap((id) => hub.channel(id) ?? []);
    return c.json(channels.map(describeTo(visitor)));
  });
  const one = withCamera('view', (c, channel) => c.json(describeTo(c.get('visitor'))(channel)));
  routes.add('GET', '/cameras/:id', 'view', one);
  for (const place of ['', '/cameras/:id']) {
    routes.add('GET', `${place}/stream`, 'view', stream);
    routes.add('GET', `${place}/snapshot`, 'view', snapshot);
  }
  routes.add('POST', '/cameras/:id/doctor', 'control', limit, examine);
  routes.add('POST', '/cameras/:id/:setting{.+}', 'control', limit, set);
  routes.add(
    'GET',
    '/ws',
    'login',
    live((id) => hub.channel(id)),
  );
  routes.add(
    'GET',
    '/cameras/:id/ws',
    'view',
    withCamera('view', (c, channel) => live(null, channel)(c)),
  );
  return { stream, snapshot };
}

function noCamera(id: string | undefined, ids: string[], trouble: string | null): Response {
  const known = ids.length > 0 ? `Known are: ${ids.join(', ')}.` : 'None has shown itself on the bus yet: is the camera service running?';
  return id ? problem(404, `There is no camera "${id}". ${known}`) : problem(503, trouble ?? `There is no camera yet. ${known}`);
}

function numberOf(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
}
