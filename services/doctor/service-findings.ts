/** What a camera's own service says on the bus -> finding. Pure. */
import type { Place } from '../camera/trouble/place.ts';
import type { Service } from './broker.ts';
import { startCommand } from './broker-findings.ts';
import { type Finding, fault, hint, well } from './finding.ts';
import { rate } from './format-findings.ts';

const SHOWING = new Set(['live', 'idle', 'starting']);
const LOOK = 'Look at the log of the camera service.';

/** Do pictures of its camera come, be they wanted by somebody or not? */
export function isShowing({ online, state }: Service): boolean {
  return online && state !== null && SHOWING.has(state.condition) && state.format !== null && !state.test;
}

/** @param service null: it has never shown itself on this bus */
export function judgeService(id: string, service: Service | null, place: Place): Finding {
  if (!service?.online) {
    const text = service ? 'has left the bus: its service does not run now' : 'is not known to the bus: its service has not run yet';
    const remedy = `Start it: \`${startCommand(place)}\`. If it runs, compare its MQTT_URL, MQTT_PREFIX and CAMERA_ID with what is set here.`;
    return hint('service', id, text, remedy);
  }
  if (!service.state) return well('service', id, 'is on the bus');
  const { condition, cause, advice, format, test } = service.state;
  const why = cause ? `: ${cause}` : '';
  if (!SHOWING.has(condition)) return fault('service', id, `says ${condition}${why}`, advice ?? LOOK);
  if (test) return fault('service', id, `shows the test picture${why}`, advice ?? LOOK);
  const picture = format ? `, ${format.width}x${format.height} at ${rate(format.fps)}, ${format.encoded ? 'encoded' : 'copied'}` : '';
  if (cause) return hint('service', id, `says ${condition}${picture}; ${cause}`, advice ?? LOOK);
  return well('service', id, `says ${condition}${picture}`);
}
