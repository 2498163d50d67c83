import type { Checkup } from '../../shared/checkup.ts';
import { isCommandId } from './command-id.ts';
import type { Doctor } from './doctor.ts';
import type { Outcome } from './outcome.ts';

export interface DoctorCommandParts {
  /** The camera that is looked at. */
  camera: string;
  /** Undefined where there is none to be asked. */
  doctor: Pick<Doctor, 'examine'> | undefined;
  /** Sends what he found; false when the bus did not take it. */
  send: (checkup: Checkup) => Promise<boolean>;
}

/** Does what is wished for on `doctor/set`: the doctor looks, and what he found goes out. */
export async function askDoctor(text: string, { camera, doctor, send }: DoctorCommandParts): Promise<Outcome> {
  const named = readDoctorCommand(text);
  if ('refused' in named) return named;
  if (!doctor) return { refused: 'The doctor cannot be asked here: run him on the machine of the camera.', ...named };
  const visit = await doctor.examine(camera);
  if ('refused' in visit) return { ...visit, ...named };
  const checkup = { ...visit.checkup, ...named };
  if (!(await send(checkup)))
    return { refused: 'What the doctor found did not go out: the connection to the message bus was lost.', ...named };
  return { refused: null, ...named, found: JSON.stringify(checkup) };
}

/** What is wished for in a command: nothing, or JSON `{"id":"abc"}`. Or why it is none. Pure. */
export function readDoctorCommand(text: string): { id?: string } | { refused: string } {
  const id = idIn(text.trim());
  if (id === undefined) return {};
  return isCommandId(id)
    ? { id }
    : { refused: 'The doctor is asked with nothing, or with {"id":"…"}: 1 to 64 characters that can be printed.' };
}

/** Anything that does not begin as JSON is a press on the button. */
function idIn(text: string): unknown {
  if (!text.startsWith('{')) return undefined;
  try {
    return (JSON.parse(text) as { id?: unknown }).id;
  } catch {
    return null; // Meant as JSON, and none: that is told.
  }
}
