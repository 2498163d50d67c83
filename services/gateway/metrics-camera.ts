import { CONDITIONS, type Telemetry } from '../shared/contract.ts';
import type { Metric, Sample } from './metrics.ts';
import type { Seen } from './metrics-gateway.ts';

/** A camera's own, and those that only a gateway sees. */
const SHOWN_CONDITIONS = [...CONDITIONS, 'offline', 'bus-lost'] as const;

type Figure = Exclude<keyof Telemetry, 'drops' | 'dropped' | 'corrupt'>;

/** Of its telemetry, each with the metric that it is. */
const FIGURES: Record<Figure, Pick<Metric, 'type' | 'name' | 'help'>> = {
  fps: { type: 'gauge', name: 'homeguard_camera_frames_per_second', help: 'Rate at which the camera captures, of its last telemetry.' },
  frames: { type: 'counter', name: 'homeguard_camera_frames_total', help: 'Frames captured.' },
  bytes: { type: 'counter', name: 'homeguard_camera_captured_bytes_total', help: 'Size of the frames captured.' },
  restarts: { type: 'counter', name: 'homeguard_camera_restarts_total', help: 'How often the source was opened again.' },
  viewers: { type: 'gauge', name: 'homeguard_camera_viewers', help: 'Viewers of all gateways and subscribers, as the camera counts them.' },
  memory: {
    type: 'gauge',
    name: 'homeguard_camera_resident_memory_bytes',
    help: "Resident memory of the camera service, without ffmpeg's.",
  },
  uptime_s: { type: 'gauge', name: 'homeguard_camera_uptime_seconds', help: 'Since the camera service began.' },
};

/** What the cameras tell of themselves: `status`, `state` and `telemetry`. Those that fell silent have no figures. */
export function cameraMetrics({ hub }: Seen): Metric[] {
  const told = () =>
    hub.channels.flatMap(({ camera: { id } }) => {
      const told = hub.telemetry.camera(id, performance.now());
      return told ? [{ id, ...told }] : [];
    });
  const figures = Object.entries(FIGURES).map(([figure, metric]): Metric => {
    const read = () =>
      told().flatMap(({ id, figures }) => {
        const value = figures[figure];
        return value === undefined ? [] : [[value, { camera: id }] satisfies Sample];
      });
    return { ...metric, labels: ['camera'], read };
  });
  return [
    {
      type: 'gauge',
      name: 'homeguard_camera_up',
      help: '1 while the camera service is on the bus.',
      labels: ['camera'],
      read: () => hub.channels.map((channel) => [channel.view().online ? 1 : 0, { camera: channel.camera.id }]),
    },
    {
      type: 'gauge',
      name: 'homeguard_camera_condition',
      help: '1 at the condition that the camera is in, 0 at all others.',
      labels: ['camera', 'condition'],
      read: () =>
        hub.channels.flatMap((channel) => {
          const now = channel.view().condition;
          return SHOWN_CONDITIONS.map((condition): Sample => [condition === now ? 1 : 0, { camera: channel.camera.id, condition }]);
        }),
    },
    {
      type: 'counter',
      name: 'homeguard_camera_frames_dropped_total',
      help: 'Frames that did not go out though they were wanted, or were no whole picture.',
      labels: ['camera', 'cause'],
      read: () => told().flatMap(({ id, drops }) => Object.entries(drops).map(([cause, count]): Sample => [count, { camera: id, cause }])),
    },
    ...figures,
  ];
}
