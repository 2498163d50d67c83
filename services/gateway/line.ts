import type { Bus } from '../shared/bus.ts';
import { cameraTopics } from '../shared/contract.ts';
import { Camera } from './camera.ts';
import { Channel } from './channel.ts';
import { Commands } from './command.ts';

/**
 * One camera: its channel, the commands to it, and its own connection to the bus, since a Last Will covers one topic (the camera's
 * `viewers/{gateway}`).
 */
export interface Line {
  channel: Channel;
  commands: Commands;
  bus: Bus;
}

export interface LineOptions {
  prefix: string;
  /** Where the number of viewers is told. */
  viewersTopic: string;
  /** Whether all cameras together have as many commands under way as they may. */
  isBusy: () => boolean;
}

/** Tells on `bus` how many viewers the camera has, and subscribes to its frames only while it has some, once for all of them. */
export function openLine(id: string, bus: Bus, { prefix, viewersTopic, isBusy }: LineOptions): Line {
  const topics = cameraTopics(prefix, id);
  bus.announce(viewersTopic, '0');
  let subscribed = false;
  const channel = new Channel(new Camera(id), (viewers) => {
    if (subscribed !== viewers > 0) {
      subscribed = viewers > 0;
      if (subscribed) bus.subscribe(topics.frame, ({ payload }) => channel.receive(payload));
      else bus.unsubscribe(topics.frame);
    }
    bus.announce(viewersTopic, String(viewers));
  });
  return { channel, commands: new Commands(bus, topics, isBusy), bus };
}
