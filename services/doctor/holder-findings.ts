/** Who has a camera's device -> finding. Pure. */
import { word } from '../camera/trouble/access.ts';
import { busyAdvice, describeHolders } from '../camera/trouble/advice.ts';
import { ONLOOKERS, type Scene } from '../camera/trouble/scene.ts';
import type { DeviceFacts } from './devices.ts';
import { type Finding, fault, hint, well } from './finding.ts';

/** @param isRead HomeGuard's camera service says on the bus that it reads this device */
export function judgeHolder({ path, said, opens, homeGuards }: DeviceFacts, scene: Scene, isRead: boolean): Finding {
  const { holders, someUnseen, place } = scene;
  if (isRead || homeGuards.length > 0) {
    const pids = homeGuards.length > 0 ? ` (ffmpeg, pid ${homeGuards.join(', ')})` : '';
    return well('holder', path, `is in use by HomeGuard's camera service${pids}`);
  }
  if (holders.length > 0 && holders.every(({ command }) => ONLOOKERS.test(command))) {
    return hint('holder', path, `is open in ${describeHolders(scene)}, which seldom keeps a camera`, busyAdvice(scene, path));
  }
  const isRefused = said !== null && 'failed' in said && said.errno === 'EBUSY';
  if (holders.length > 0 || isRefused) return fault('holder', path, `is in use by ${describeHolders(scene)}`, busyAdvice(scene, path));
  const allSeen = !someUnseen && place.kind !== 'container';
  if (opens === 0 || allSeen) return well('holder', path, 'is free');
  const text = opens === null ? 'is free as far as we see, which is not everything' : 'may be open in a program that we do not see';
  const remedy =
    place.kind === 'container'
      ? `On the host, run \`sudo fuser -v ${word(path)}\`.`
      : 'Run `sudo -E npm run doctor`, which sees every program.';
  return hint('holder', path, text, remedy);
}
