/** What the doctor finds on the machine of a camera (`POST /cameras/{id}/doctor`): asked over the bus, since the camera may be anywhere. */
import type { Channel } from './channel.ts';
import type { Commands } from './command.ts';
import { darkProblem, problem, sentence } from './problem.ts';
import { outcomeProblem } from './setting.ts';

/**
 * 200 with the findings as JSON, else a problem that says why not.
 * @param command runs the doctor by hand; where it may help, the problem has it as a member of this name
 */
export async function answerCheckup(channel: Channel, commands: Commands, command: string): Promise<Response> {
  const { camera } = channel;
  const dark = channel.darkness();
  if (dark?.condition === 'bus-lost') return darkProblem(dark, { command });
  if (!camera.knobs) {
    return problem(404, `No doctor can look at camera "${camera.id}": it only sends pictures, and no camera service of HomeGuard.`);
  }
  if (dark?.condition === 'offline') return darkProblem(dark, { command });
  const outcome = await commands.askDoctor();
  switch (outcome.is) {
    case 'done': {
      const { id: _, ...checkup } = outcome.checkup ?? {};
      return Response.json(checkup, { headers: { 'Cache-Control': 'no-store' } });
    }
    case 'refused': {
      const { reason, retrySeconds } = outcome;
      if (retrySeconds === undefined) return problem(503, sentence(reason), { command });
      return problem(429, sentence(reason), {}, { 'Retry-After': String(retrySeconds) });
    }
    case 'lost':
      return darkProblem(outcome.why, { command });
    case 'unanswered':
      return problem(504, 'The doctor did not come back from the camera: look at the log of the camera service, or run him there.', {
        command,
      });
    case 'too-many':
      return outcomeProblem(outcome, 'doctor', camera);
  }
}
