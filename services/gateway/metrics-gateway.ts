import type { Channel } from './channel.ts';
import type { Hub } from './hub.ts';
import type { Metric, Sample } from './metrics.ts';
import type { Refusals } from './refusals.ts';

/** What metrics are read from. */
export interface Seen {
  hub: Pick<Hub, 'channels' | 'connections' | 'telemetry' | 'trouble'>;
  refusals: Pick<Refusals, 'counts'>;
}

/** What the gateway does itself: frames in, pictures out, viewers, the bus. */
export function gatewayMetrics({ hub, refusals }: Seen): Metric[] {
  const ofEach = (figure: (channel: Channel) => number | null) => (): Sample[] =>
    hub.channels.flatMap((channel) => {
      const value = figure(channel);
      return value === null ? [] : [[value, { camera: channel.camera.id }] satisfies Sample];
    });
  const camera = ['camera'];
  return [
    {
      type: 'gauge',
      name: 'homeguard_gateway_bus_connected',
      help: '1 while the gateway is connected to the message bus.',
      read: () => [[hub.trouble ? 0 : 1]],
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_bus_reconnections_total',
      help: 'How often the message bus came back.',
      read: () => [[Math.max(0, hub.connections - 1)]],
    },
    { type: 'gauge', name: 'homeguard_gateway_cameras', help: 'Cameras known from the bus.', read: () => [[hub.channels.length]] },
    {
      type: 'gauge',
      name: 'homeguard_gateway_viewers',
      help: 'Viewers of this gateway.',
      labels: camera,
      read: ofEach(({ viewers }) => viewers),
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_frames_received_total',
      help: 'Whole pictures that came from the bus, which is while there are viewers, or a look is taken at a camera that only sends pictures.',
      labels: camera,
      read: ofEach(({ traffic }) => traffic.frames),
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_received_bytes_total',
      help: 'Size of the pictures that came from the bus.',
      labels: camera,
      read: ofEach(({ traffic }) => traffic.bytes),
    },
    {
      type: 'gauge',
      name: 'homeguard_gateway_frames_per_second',
      help: 'Rate at which they come, over the last two seconds.',
      labels: camera,
      read: ofEach(({ rate }) => rate.perSecond(performance.now())),
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_frames_dropped_total',
      help: 'What came from the bus and went to nobody.',
      labels: ['camera', 'cause'],
      read: () =>
        hub.channels.flatMap(({ camera: { id }, traffic }) =>
          Object.entries(traffic.dropped).map(([cause, count]): Sample => [count, { camera: id, cause }]),
        ),
    },
    {
      type: 'gauge',
      name: 'homeguard_gateway_frame_age_seconds',
      help: 'How old the newest frame was when it came, from when it was taken.',
      labels: camera,
      read: ofEach(({ traffic }) => (traffic.receivedAt ? Math.max(0, traffic.receivedAt - traffic.takenAt) / 1e6 : null)),
    },
    {
      type: 'gauge',
      name: 'homeguard_gateway_last_frame_timestamp_seconds',
      help: 'When the newest frame came, since 1970.',
      labels: camera,
      read: ofEach(({ traffic }) => (traffic.receivedAt ? traffic.receivedAt / 1e6 : null)),
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_viewer_frames_sent_total',
      help: 'Frames written to viewers, each as often as there were viewers for it.',
      labels: camera,
      read: ofEach(({ traffic }) => traffic.sent),
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_viewer_frames_missed_total',
      help: 'Frames that viewers missed since they had not taken the last one yet.',
      labels: camera,
      read: ofEach(({ traffic }) => traffic.missed),
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_slow_viewers_closed_total',
      help: 'Viewers closed since they took nothing.',
      labels: camera,
      read: ofEach(({ traffic }) => traffic.slowClosed),
    },
    {
      type: 'counter',
      name: 'homeguard_gateway_refused_total',
      help: 'Viewers, requests and logins refused.',
      labels: ['reason'],
      read: () => Object.entries(refusals.counts).map(([reason, count]) => [count, { reason }]),
    },
  ];
}
