import type { Capture } from '../capture.ts';
import { askDoctor, type DoctorCommandParts } from './doctor-command.ts';
import type { Outcome } from './outcome.ts';
import type { Panel } from './panel.ts';
import type { Snapshots } from './snapshots.ts';

/** Those who do what is wished for. */
export interface Crew extends DoctorCommandParts {
  snapshots: Pick<Snapshots, 'obey'>;
  panel: Pick<Panel, 'reset' | 'turn'>;
  capture: Pick<Capture, 'reopen'>;
}

/** Does what is wished for on `{setting}/set`, or says why not. */
export async function obey(setting: string, text: string, { snapshots, panel, capture, ...parts }: Crew): Promise<Outcome> {
  switch (setting) {
    case 'snapshot':
      return await snapshots.obey(text);
    case 'doctor':
      return await askDoctor(text, parts);
    case 'reset':
      return { refused: await panel.reset() };
    case 'restart':
      capture.reopen();
      return { refused: null };
    default:
      return { refused: await panel.turn(setting, text) };
  }
}
