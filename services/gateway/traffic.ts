/** What has gone through one camera's channel: counted on the way of each frame, read when somebody asks for metrics. */
export class Traffic {
  /** Whole pictures that came from the bus. */
  frames = 0;
  bytes = 0;
  /** Of what came, what went to nobody: the camera was switched off, it was no JPEG, or the bus had kept it since who knows when. */
  readonly dropped = { off: 0, 'no-jpeg': 0, retained: 0 };
  /** Pictures given to viewers, each counted as often as there were viewers; and those that a viewer, slow to take the last one, missed. */
  sent = 0;
  missed = 0;
  /** Viewers closed since they took nothing. */
  slowClosed = 0;
  /** The newest frame: when it was taken and when it came, in microseconds since 1970; 0 while none did. */
  takenAt = 0;
  receivedAt = 0;
}
