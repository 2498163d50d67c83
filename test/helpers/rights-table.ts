/** Who may what on the broker: the one table by which unit tests ask the rules, and system tests real clients. */
import {
  birthTopic,
  bridgeTopic,
  brokerTelemetryTopic,
  camerasTopic,
  cameraTopics,
  discoveryTopic,
  pageTopic,
} from '../../services/shared/contract.ts';

export interface TableUser {
  name: string;
  /** Of a user that is made; else it is one of the broker's own. */
  may?: string[];
  clientId?: string;
}

export const tableUsers: TableUser[] = [
  { name: 'camera', clientId: 'homeguard-camera-front' },
  { name: 'camera' },
  { name: 'gateway' },
  { name: 'homeassistant' },
  { name: 'healthcheck' },
  { name: 'bridge' },
  { name: 'reader', may: ['read:front'] },
  { name: 'controller', may: ['control:front'] },
  { name: 'publisher', may: ['publish:front'] },
  { name: 'user', may: ['use:zigbee2mqtt'] },
  { name: 'viewer', may: ['read:*'] },
  { name: 'boss', may: ['admin'] },
  { name: 'nobody', may: [] },
];

const front = cameraTopics('homeguard', 'front');
const door = cameraTopics('homeguard', 'door');

/**
 * What the contract calls it · the topic · a cell for each user: `r` may read it, `p` publish it, `c` only clear it, `-` nothing.
 * The bridge's user is known within the broker only.
 */
const lines: [name: string, topic: string, cells: string][] = [
  // the camera front   camera* gateway  hass health bridge read control publish use read:* admin nobody
  ['frame', front.frame, '     rp rp      r     r     -     r     r     r       p      -    r     rp    -'],
  ['preview', front.preview, ' rp rp      r     r     r     r     r     r       p      -    r     rp    -'],
  ['small', front.small, '     rp rp      r     r     -     r     r     r       p      -    r     rp    -'],
  ['status', front.status, '   rp rp      r     r     r     r     r     r       p      -    r     rp    -'],
  ['state', front.state, '     rp rp      r     r     r     r     r     r       p      -    r     rp    -'],
  ['telemetry', front.telemetry, 'rp rp   r     r     -     r     r     r       p      -    r     rp    -'],
  ['snapshot', front.snapshot, ' rp rp    r     r     -     r     r     r       p      -    r     rp    -'],
  ['answer', front.answer, '   rp rp      r     r     -     r     r     r       p      -    r     rp    -'],
  ['doctor', front.doctor, '   rp rp      r     r     -     r     r     r       p      -    r     rp    -'],
  ['setting', front.setting('controls/brightness'), 'rp rp r r -   r     r     r       p      -    r     rp    -'],
  ['set', front.set('controls/brightness'), 'rc rc rp   rp    -     p     -     rp      r      -    -     rp    -'],
  ['set', front.set('doctor'), 'rc rc     rp    rp    -     p     -     rp      r      -    -     rp    -'],
  ['viewers', front.viewers('gateway-pi'), 'rc rc  rp   r     -     -     r     r       r      -    r     rp    -'],
  ['smallViewers', front.smallViewers('gateway-pi'), 'rc rc rp r -  -    r     r       r      -    r     rp    -'],
  ['viewers', front.viewers('broker'), 'rc rc      r    r     -     -     r     r       r      -    r     rp    -'],
  ['discoveryTopic', discoveryTopic('homeassistant', 'front'), 'rp rp - rc -  r -   -       rp     -    -     rp    -'],
  // another camera
  ['frame', door.frame, '      -  rp      r     r     -     r     -     -       -      -    r     rp    -'],
  ['status', door.status, '    -  rp      r     r     r     r     -     -       -      -    r     rp    -'],
  ['set', door.set('fps'), '   -  rc      rp    rp    -     p     -     -       -      -    -     rp    -'],
  ['doctor', door.doctor, '    -  rp      r     r     -     r     -     -       -      -    r     rp    -'],
  ['discoveryTopic', discoveryTopic('homeassistant', 'door'), '- rp - rc -   r -    -       -      -    -     rp    -'],
  // all cameras'
  ['birthTopic', birthTopic('homeassistant'), 'r r -      rp    -     p     -     -       r      -    -     rp    -'],
  ['camerasTopic', camerasTopic('homeguard'), '- - rp     r     -     -     -     -       -      -    r     rp    -'],
  ['pageTopic', pageTopic('homeguard'), 'r  r       rp    r     -     -     -     -       r      -    r     rp    -'],
  ['bridgeTopic', bridgeTopic('homeguard'), '- -    r      rp    -     r     -     -       -      -    -     rp    -'],
  ['brokerTelemetryTopic', brokerTelemetryTopic('homeguard'), '- - r r -   -   -     -       -      -    -     rp    -'],
  // nobody's, and others'
  ['', 'homeguard/Front/frame', '-  -       r     r     -     -     -     -       -      -    -     rp    -'],
  ['', 'homeassistant/camera/homeguard_front/config', '- - r r -    -   -     -       -      -    -     rp    -'],
  ['', 'homeassistant/light/lamp/config', '- -      - rp  -     -     -     -       -      -    -     rp    -'],
  ['', 'zigbee2mqtt/lamp', '    p  p       -     rp    -     -     -     -       -      rp   -     rp    -'],
  ['', 'zigbee2mqtt/lamp/set', '-  -       -     rp    -     -     -     -       -      rp   -     rp    -'],
  ['', 'replies/controller/1', 'p  p       -     rp    -     -     -     rp      p      -    -     rp    -'],
  ['', 'replies/reader/1', '    p  p       -     rp    -     -     -     -       p      -    -     rp    -'],
  ['', '$SYS/broker', '         -  -       -     -     -     -     -     -       -      -    -     -     -'],
];

export type Cell = 'r' | 'p' | 'rp' | 'rc' | '-';

export const rightsTable = lines.map(([name, topic, text]) => {
  const cells = text.trim().split(/\s+/) as Cell[];
  return {
    name,
    topic,
    cells: tableUsers.map((user, i) => ({ user, cell: cells[i] ?? '-' })),
    isWhole: cells.length === tableUsers.length,
  };
});
