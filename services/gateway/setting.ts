/** What a client wants to be set (`POST /cameras/{id}/{setting}`): read, checked against the camera's knobs, sent on, and answered for. */
import type { HonoRequest } from 'hono';
import { BUTTONS, isSettingName, type Knob, readKnob } from '../shared/knob.ts';
import type { Camera } from './camera.ts';
import type { Channel } from './channel.ts';
import type { Commands, Outcome } from './command.ts';
import { namesOf } from './knobs.ts';
import { darkProblem, problem, sentence } from './problem.ts';

/** Of a name that a client made up, no more characters are repeated to it. */
const MAX_NAME = 80;

/** Sets `setting` of a camera to what the request's body says: 204 once the camera has done it, else a problem. */
export async function changeSetting(request: HonoRequest, setting: string, channel: Channel, commands: Commands): Promise<Response> {
  const wanted = await readWanted(request);
  if (wanted === null) {
    return problem(
      400,
      'The body is not what its Content-Type says: send the value as plain text, as JSON {"value": …}, or as form field value.',
    );
  }
  const checked = checkWanted(channel, setting, wanted);
  if (checked instanceof Response) return checked;
  const outcome = await commands.send(setting, checked.text);
  return outcome.is === 'done' ? new Response(null, { status: 204 }) : outcomeProblem(outcome, setting, channel.camera);
}

/** What a client wants, as text: the body itself, or `value` in a form or in JSON (`size`, too, as in the command `snapshot/set`). */
async function readWanted(request: HonoRequest): Promise<string | null> {
  const type = request.header('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  try {
    if (type === 'multipart/form-data') return asText((await request.parseBody()).value);
    const text = await request.text();
    // `curl -d 15` says that 15 is a form.
    if (type === 'application/x-www-form-urlencoded') return new URLSearchParams(text).get('value') ?? text;
    if (type !== 'application/json' || text === '') return text;
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null) return asText(body);
    const { size, value = size } = body as Record<string, unknown>;
    return asText(value);
  } catch {
    // Not in the form that it says; the caller tells.
    return null;
  }
}

const asText = (value: unknown) => (['string', 'number', 'boolean'].includes(typeof value) ? String(value) : null);

/** Looks whether a camera can be told to set `setting` to `wanted` now: the text to send, or the problem that says why not. */
export function checkWanted(channel: Channel, setting: string, wanted: string): { text: string } | Response {
  const { camera } = channel;
  const dark = channel.darkness();
  if (dark?.condition === 'offline' || dark?.condition === 'bus-lost') return darkProblem(dark);
  const knob = knobOf(camera, setting);
  if (!knob) return unknownProblem(camera, setting);
  if (setting === 'snapshot') return camera.darkness ? darkProblem(camera.darkness) : checkSize(camera, wanted);
  const read = readKnob(knob, wanted);
  return 'text' in read ? read : problem(422, `${setting} ${read.refused}.`, { setting });
}

/** What came of a command that was not done. */
export function outcomeProblem(outcome: Exclude<Outcome, { is: 'done' }>, setting: string, { id }: Camera): Response {
  switch (outcome.is) {
    case 'refused':
      return problem(422, sentence(outcome.reason), { setting, value: outcome.value });
    case 'lost':
      return darkProblem(outcome.why);
    case 'unanswered':
      return problem(
        504,
        `The camera did not answer within ${outcome.seconds} s: look at the log of the camera service; /cameras/${id} shows what is set now.`,
        { setting },
      );
    case 'too-many': {
      const [status, whose] = outcome.where === 'camera' ? [429, 'this camera'] : [503, 'all cameras together'];
      return problem(status, `Too many commands to ${whose} are under way: try again in a moment.`, { setting }, { 'Retry-After': '1' });
    }
  }
}

function knobOf({ knobs }: Camera, setting: string): Knob | undefined {
  if (!knobs || !isSettingName(setting)) return undefined;
  if (Object.hasOwn(knobs, setting)) return knobs[setting];
  return BUTTONS.some((name) => name === setting) ? { type: 'button', label: setting } : undefined;
}

function unknownProblem(camera: Camera, setting: string): Response {
  if (!camera.knobs) {
    return problem(404, `Nothing can be set on camera "${camera.id}": it tells of no settings, as one that only sends pictures.`);
  }
  const names = namesOf(camera.knobs);
  return problem(404, `${whyUnknown(camera, setting)} What can be set on this camera now: ${names.join(', ')}.`, { settings: names });
}

function whyUnknown({ isEncoded, darkness }: Camera, setting: string): string {
  if (!isSettingName(setting)) return `There is no setting "${setting.slice(0, MAX_NAME)}".`;
  if (setting === 'quality' && isEncoded === false) {
    return 'quality cannot be set here: the camera itself encodes its pictures, and they are passed on as they come.';
  }
  if (darkness?.cause) return `${setting} cannot be set now: ${sentence(darkness.cause)}`;
  return setting.startsWith('controls/') ? `The device has no ${setting}.` : `${setting} cannot be set on this camera.`;
}

/** A size for a snapshot; an empty one is the camera's own. */
function checkSize({ knobs }: Camera, wanted: string): { text: string } | Response {
  const size = wanted.trim().toLowerCase();
  const { resolution } = knobs ?? {};
  const sizes = resolution?.type === 'select' ? resolution.options : [];
  if (size === '' || sizes.includes(size)) return { text: size };
  const offered = sizes.length > 0 ? `has to be one of: ${sizes.join(', ')}` : 'cannot be chosen on this camera: leave it away';
  return problem(422, `The size of a snapshot ${offered}.`, { sizes });
}
