import type { Channel } from './channel.ts';
import type { Commands } from './command.ts';
import type { Darkness } from './darkness.ts';
import { type Picture, secondsOf } from './picture.ts';
import { darkProblem, problem } from './problem.ts';
import { checkWanted, outcomeProblem } from './setting.ts';

/** A snapshot waits so long for a fresh frame, in ms. */
const WAIT_MS = 3_000;

const NO_FRAME: Darkness = { condition: 'no-frames', cause: 'No frame came within 3 s.', advice: null };

/** One picture that is at most `maxAge` ms old, waiting up to three seconds for it; null when none comes. */
export async function takeSnapshot(channel: Channel, maxAge: number): Promise<Picture | null> {
  if (channel.camera.isOff) return null;
  const recent = channel.recent(maxAge);
  if (recent) return recent;
  const { promise, resolve } = Promise.withResolvers<Picture | null>();
  const timer = setTimeout(() => resolve(null), WAIT_MS);
  let asked = false;
  using _watching = channel.watch({
    // What is shown while `watch` is still under way is the picture that was too old.
    show: (picture) => {
      if (asked && !picture.isPlaceholder) resolve(picture);
    },
    end: () => resolve(null),
  });
  asked = true;
  // Awaited here: the watching ends when this function does.
  return await promise.finally(() => clearTimeout(timer));
}

/** The newest picture of a camera, as an answer; 503 that says why when there is none. */
export async function answerSnapshot(channel: Channel, maxAge: number): Promise<Response> {
  const picture = await takeSnapshot(channel, maxAge);
  return picture ? answerPicture(picture) : darkProblem(channel.darkness() ?? NO_FRAME);
}

/** A picture that the camera takes anew, at `size` (`1920x1080`), as an answer; else the problem that says why not. */
export async function answerSized(channel: Channel, commands: Commands, size: string): Promise<Response> {
  const { camera } = channel;
  if (size === '') return problem(400, 'size has to be width x height, as in size=1280x720.');
  const checked = checkWanted(channel, 'snapshot', size);
  if (checked instanceof Response) return checked;
  const outcome = await commands.takePicture(checked.text);
  if (outcome.is !== 'done') return outcomeProblem(outcome, 'snapshot', camera);
  // It may have been switched off meanwhile.
  if (camera.isOff || !outcome.picture) return darkProblem(channel.darkness() ?? NO_FRAME);
  return answerPicture(outcome.picture);
}

function answerPicture({ jpeg, stamp, takenAt }: Picture): Response {
  const headers = {
    'Content-Type': 'image/jpeg',
    'Cache-Control': 'no-store',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'X-Timestamp': secondsOf(takenAt),
    ...(stamp && { 'X-Seq': String(stamp.seq) }),
    Age: String(Math.max(0, Math.floor(Date.now() / 1000 - takenAt / 1e6))),
  };
  return new Response(new Uint8Array(jpeg), { headers });
}
