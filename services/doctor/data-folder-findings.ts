/** The folder with the passwords -> finding. Pure. */
import { word } from '../camera/trouble/access.ts';
import { ASK_AS_THEM } from './broker-findings.ts';
import type { DataFolder } from './data-folder.ts';
import { type Finding, fault, hint, well } from './finding.ts';

export interface Standing {
  /** A broker answers: HomeGuard may run, perhaps as another user. */
  busAnswers: boolean;
  /** It is the own broker that is to be started, which makes passwords. */
  ownBroker: boolean;
  /** MQTT_USERNAME is set: the folder's passwords are not needed. */
  ownLogin: boolean;
}

export function judgeDataFolder({ path, kind, uid, writable, exposed, secret }: DataFolder, standing: Standing): Finding {
  const { busAnswers, ownBroker, ownLogin } = standing;
  const whose = uid === null ? '' : `; ${kind === 'none' ? 'the folder around it' : 'it'} belongs to user ${uid}`;
  const make = kind === 'none' ? 'install -d -m 0700 -o' : 'chown -R';
  const give = `As the user who starts HomeGuard, run \`sudo ${make} "$(id -un)" ${word(path)}\`, or set DATA_DIR to a folder of theirs.`;
  if (kind === 'file') return fault('data', path, 'is no folder', 'Move that file away, or set DATA_DIR to a folder.');
  if (secret.kind === 'unreadable' && !ownLogin) {
    const text = `has passwords that we may not read${whose}`;
    return busAnswers ? hint('data', path, text, ASK_AS_THEM) : fault('data', path, text, give);
  }
  if (exposed) return hint('data', path, 'has passwords that every user of this machine may read', `Run \`chmod -R o= ${word(path)}\`.`);
  if (writable) return well('data', path, kind === 'none' ? 'is not there yet; the first start makes it' : 'can be read and written');
  if (ownBroker && secret.kind === 'none' && !busAnswers) {
    return fault('data', path, `cannot be written, so the broker can make no passwords${whose}`, give);
  }
  return hint('data', path, `cannot be written, so what is set on the page lasts until the next start${whose}`, give);
}
