/** The examination: looks at everything, none of which it takes or changes, and judges what it saw. */
import type { LookRoots } from '../camera/trouble/look.ts';
import { peekPlace } from '../camera/trouble/peek.ts';
import { FaultError } from '../shared/fault.ts';
import { lookAtBridge } from './bridge.ts';
import { judgeBridge } from './bridge-findings.ts';
import { type BrokerFacts, lookAtBroker, type Service } from './broker.ts';
import { judgeBroker } from './broker-findings.ts';
import { judgeCamera } from './camera-findings.ts';
import { type CameraFacts, lookAtCameras, modeOf, type Sight } from './cameras.ts';
import { lookAtDataFolder } from './data-folder.ts';
import { judgeDataFolder } from './data-folder-findings.ts';
import { judgeDevice, judgeOthers } from './device-findings.ts';
import type { Finding } from './finding.ts';
import { lookAtMachine, type Machine } from './machine.ts';
import { isPowerLow } from './power.ts';
import { judgePower } from './power-findings.ts';
import { judgePrograms, type Needs } from './program-findings.ts';
import { lookForPrograms } from './programs.ts';
import { isShowing, judgeService } from './service-findings.ts';
import { type Environment, readWhatCan } from './settings.ts';
import { judgeSettings } from './settings-findings.ts';
import { type Life, verdict } from './verdict.ts';

export interface Examination {
  /** A picture can come from each camera of the settings. */
  ok: boolean;
  /** The same in a sentence; if not, with what keeps it away and the remedy. */
  summary: string;
  machine: Machine;
  findings: Finding[];
}

export interface Circumstances {
  env: Environment;
  /** Reads the file that a `{NAME}_FILE` names. */
  readFile: (path: string) => string;
  roots: LookRoots;
  /** Only this camera of the settings is told of; others are not even named. */
  camera?: string;
}

/** Takes about a second; three more where the message bus does not answer, five where a device does not. @throws FaultError when there is no such camera */
export async function examine({ env, readFile, roots, camera }: Circumstances): Promise<Examination> {
  const { settings, faults } = readWhatCan(env, readFile);
  const cameras = settings.cameras.filter(({ id }) => camera === undefined || id === camera);
  if (cameras.length === 0) throw new FaultError(`The settings have no camera "${camera}": name one of CAMERAS, or the CAMERA_ID.`);
  const data = lookAtDataFolder(settings.dataDir);
  const [programs, sight, broker, bridge] = await Promise.all([
    lookForPrograms(),
    lookAtCameras(settings, roots),
    lookAtBroker({ ...settings, cameras }, data),
    lookAtBridge(settings),
  ]);
  const looked = sight.cameras.filter(({ id }) => cameras.some((each) => each.id === id));
  const [{ scene }] = looked as [CameraFacts, ...CameraFacts[]];
  const machine = lookAtMachine(scene, roots);
  const findings = [
    ...judgeSettings(faults),
    ...judgePrograms(programs, needsOf(looked), scene),
    ...judgeCameras(sight, broker, camera),
    ...judgePower(isPowerLow(roots.sys), machine),
    judgeDataFolder(data, {
      busAnswers: broker.answers,
      ownBroker: !settings.mqtt.named,
      ownLogin: settings.mqtt.username !== undefined,
    }),
    judgeBroker(broker, scene.place),
    ...judgeBridge(bridge),
    ...(broker.trouble === null ? cameras.map(({ id }) => judgeService(id, broker.services.get(id) ?? null, scene.place)) : []),
  ];
  const life = lifeOf(broker, cameras.length);
  const judged = life === 'showing' ? findings.map(asHint) : findings;
  return { ...verdict(judged, cameras.length, life), machine, findings: judged };
}

/** The service gives pictures: what keeps us from them, as another user, with other settings or outside its container, keeps nobody else. */
function asHint(finding: Finding): Finding {
  return finding.ok === false ? { ...finding, ok: null } : finding;
}

function judgeCameras({ cameras, spare, others }: Sight, { services }: BrokerFacts, only?: string): Finding[] {
  const found = cameras.flatMap((camera, i) => {
    const { id, device, scene } = camera;
    if (only !== undefined && id !== only) return [];
    const before = cameras.slice(0, i).map((each) => (only === undefined ? each : { ...each, id: 'another camera' }));
    const findings = judgeCamera(camera, before);
    if (!device || before.some((other) => other.device?.place === device.place)) return findings;
    return [...findings, ...judgeDevice(device, scene, isReading(services.get(id), device.place))];
  });
  return [...found, ...judgeOthers(spare, others)];
}

function lifeOf({ trouble, answers, services }: BrokerFacts, cameras: number): Life {
  if (trouble !== null) return answers ? 'unknown' : 'stopped';
  const all = [...services.values()];
  if (all.filter(isShowing).length === cameras) return 'showing';
  return all.some(({ online }) => online) ? 'running' : 'stopped';
}

/** Does the camera's service say that it has this device open? One without a format, and with nothing to complain of, has it closed. */
function isReading(service: Service | undefined, place: string): boolean {
  const state = service?.online ? service.state : null;
  if (!state?.device?.path || state.test || peekPlace(state.device.path) !== place) return false;
  return state.format !== null || state.condition === 'no-frames' || state.condition === 'bad-format';
}

function needsOf(cameras: CameraFacts[]): Needs {
  return {
    encoding: cameras.some(({ source, device, wanted }) => source.kind === 'test' || modeOf(device, wanted)?.copy === false),
    rtsp: cameras.some(({ source }) => source.kind === 'url' && /^rtsp/i.test(source.url)),
  };
}
