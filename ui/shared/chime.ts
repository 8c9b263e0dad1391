/** Two soft notes every two seconds until told to stop. Where there is no sound, nothing. */
export function chime(): () => void {
  let audio: AudioContext
  try {
    audio = new AudioContext()
  } catch {
    return () => {}
  }
  const note = (hertz: number, at: number) => {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = hertz
    volume.gain.setValueAtTime(0, at)
    volume.gain.linearRampToValueAtTime(0.18, at + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.5)
    tone.connect(volume).connect(audio.destination)
    tone.start(at)
    tone.stop(at + 0.55)
  }
  const ring = () => {
    note(659, audio.currentTime)
    note(784, audio.currentTime + 0.22)
  }
  ring()
  const timer = setInterval(ring, 2000)
  return () => {
    clearInterval(timer)
    void audio.close()
  }
}
