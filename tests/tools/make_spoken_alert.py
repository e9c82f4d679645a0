"""The spoken alert of the worker's page, made anew: `python tests/tools/make_spoken_alert.py` with espeak-ng on PATH.

What espeak-ng says is nobody's but ours: its licence (GPL 3) is that of the program, not of what it speaks. Mandarin is
given as pinyin with tones, which its smaller dictionaries read better than characters.
"""

import subprocess
import wave
from io import BytesIO
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[2] / "web" / "static" / "worker"
SPOKEN = {  # 红色任务。请立即查看。
    "zh": ("cmn-latn-pinyin", "140", "hong2 se4 ren4 wu4! qing3 li4 ji2 cha2 kan4!"),
    "en": ("en-us", "150", "Red task! Look now!"),
}
_QUIET = 300  # of 32,768
_LAST = 120  # of 127


def main() -> None:
    """Half the rate and eight bits: a voice is as clear, and the phone fetches a quarter."""
    for language, (voice, pace, text) in SPOKEN.items():
        said = subprocess.run(["espeak-ng", "-v", voice, "-s", pace, "--stdout", text], capture_output=True, check=True)
        with wave.open(BytesIO(said.stdout)) as source:
            rate = source.getframerate()
            sound = np.frombuffer(said.stdout[44:], dtype="<i2").astype(float)
        loud = np.flatnonzero(np.abs(sound) > _QUIET)
        sound = np.concatenate([sound[loud[0] : loud[-1]], np.zeros(rate // 3)])
        low = np.hamming(21) * np.sinc((np.arange(21) - 10) * 0.46)
        half = np.convolve(sound, low / low.sum(), "same")[::2]
        with wave.open(str(FOLDER / f"red-{language}.wav"), "wb") as target:
            target.setnchannels(1)
            target.setsampwidth(1)
            target.setframerate(rate // 2)
            target.writeframes((half / np.abs(half).max() * _LAST + 128).round().astype(np.uint8).tobytes())


if __name__ == "__main__":
    main()
