// A sound for a new order, off until somebody turns it on (browsers ask for that press).

let context = null;

/** Turn the sound on; from a press of a button. */
export async function soundOn() {
  context ??= new AudioContext();
  await context.resume();
  ring();
}

/** Two short tones. Nothing when the sound was never turned on. */
export function ring() {
  if (!context) return;
  for (const [index, hertz] of [880, 1175].entries()) {
    const begin = context.currentTime + index * 0.18;
    const tone = new OscillatorNode(context, { frequency: hertz });
    const volume = new GainNode(context, { gain: 0.2 });
    volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.35);
    tone.connect(volume).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + 0.4);
  }
}
