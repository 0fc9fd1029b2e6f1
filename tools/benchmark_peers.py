#!/usr/bin/env python3
"""Times swift-llama against llama.cpp, ik_llama.cpp and llama2.c on this machine, in interleaved runs.

    tools/benchmark_peers.py --models DIR --peers DIR --threads 2 --output figures.json
    LLAMA_KERNELS=avx2 tools/benchmark_peers.py --models 'DIR/*q4*.gguf' --llama-cpp DIR --ik DIR --depth 4096

Needs a release build of this package (`swift build -c release`), GGUF files whose names end with their weight type
(model-f16.gguf, model-q4_k_m.gguf, ...), and those peers that are to be compared:

llama.cpp     from the source distribution of llama-cpp-python, which carries it whole:
              pip download --no-binary :all: --no-deps llama-cpp-python; unpack; in vendor/llama.cpp:
              cmake -B build -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_CURL=OFF
              cmake --build build --target llama-bench llama-batched-bench
ik_llama.cpp  from its repository, likewise, with the target llama-sweep-bench for --depth
llama2.c      from its repository: gcc -Ofast -march=native run.c -lm -o run; and a .bin model and its tokenizer

--peers DIR has them in llama.cpp, ik_llama.cpp and llama2.c; each can be given by itself. For builds without AVX-512,
-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON; LLAMA_KERNELS in the environment
forces the instruction set of swift-llama only.

For every model, in turn: a prompt and the tokens after it (llama-bench of each); decoding of a batch, each sequence
with a prompt before (llama-batched-bench); with --depth, both after so many tokens in the cache, the peers with and
without flash attention. swift-llama has one way of attention. ik_llama.cpp runs as it is, and with its weights
interleaved at load (-rtr). With --story, the story model of llama2.c, greedily, on one thread. Every round runs every
program once, in a process of its own; the figures are medians, lowest and highest of the rounds.

Prints tables in Markdown, and with --output writes all samples as JSON, which is updated after each process. What is
missing or fails leaves an empty cell and a note. Ctrl-C prints what has been measured. Exits with 1 if a program
failed, with 130 if interrupted.
"""

import argparse
import glob
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

from peers.programs import (
    IkLlamaCpp, Llama2c, LlamaCpp, Program, ProgramError, Repacked, SwiftLlama, SwiftStory, Work, find)
from peers.report import Report, Table

ROOT = Path(__file__).resolve().parent.parent
TYPE = re.compile(r"(?:^|[-._])(f32|f16|bf16|q\d_\d|q\d_k(?:_[sml])?)$", re.IGNORECASE)
TYPES = ("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_1", "Q5_0", "Q5_K", "Q4_1", "Q4_0", "Q4_K", "Q3_K", "Q2_K")


class Phase:
    """What a process of each program measures, and the table of each work."""

    def __init__(self, titles: dict[str, Work], programs: list[Program], models: dict[str, Path]):
        self.works, self.programs, self.models = list(titles.values()), programs, models
        columns = tuple(program.name for program in programs)
        self.tables = [Table(title, work, columns) for title, work in titles.items()]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", action="append", default=[], metavar="DIR|FILE|PATTERN",
                        help="GGUF files; may be repeated")
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release", metavar="DIR",
                        help="where llama-bench and llama-run of this package are (.build/release)")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="folder with those of the next three")
    parser.add_argument("--llama-cpp", type=Path, metavar="DIR", help="build of llama.cpp")
    parser.add_argument("--ik", type=Path, metavar="DIR", help="build of ik_llama.cpp")
    parser.add_argument("--llama2c", type=Path, metavar="DIR", help="where run of llama2.c is")
    parser.add_argument("--story", type=Path, metavar="FILE.bin", help="model of llama2.c")
    parser.add_argument("--story-tokenizer", type=Path, metavar="FILE.bin", help="its tokenizer (tok*.bin beside it)")
    parser.add_argument("-p", "--prompt", type=count(1), default=128, metavar="N", help="tokens of the prompt (128)")
    parser.add_argument("-n", "--generate", type=count(1), default=32, metavar="N", help="tokens to decode (32)")
    parser.add_argument("-d", "--depth", type=count(1), action="append", default=[], metavar="N",
                        help="also after so many tokens, a multiple of the prompt's; may be repeated")
    parser.add_argument("--batch", type=count(0), default=32, metavar="N",
                        help="sequences of the batch (32), each with a prompt as long as what is decoded; 0: none")
    parser.add_argument("--threads", type=count(1), default=len(os.sched_getaffinity(0)), metavar="N",
                        help="threads of each program (all processors)")
    parser.add_argument("--rounds", type=count(1), default=3, metavar="N", help="processes of each program (3)")
    parser.add_argument("--repetitions", type=count(1), default=1, metavar="N",
                        help="repetitions in a process, where a program has them; their median counts (1)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write JSON")
    options = parser.parse_args()
    if not options.models and not options.story:
        parser.error("expected --models or --story")
    if wrong := [depth for depth in options.depth if depth % options.prompt]:
        parser.error(f"--depth: expected a multiple of --prompt {options.prompt}, found {wrong[0]}")
    return options


def count(least: int):
    def number(text: str) -> int:
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected {least} or more, found {text!r}")
        return int(text)
    return number


def models(patterns: list[str]) -> tuple[dict[str, Path], list[str]]:
    """Files by weight type, or by name where that is not unique; and what was not found."""
    files, missing = [], []
    for pattern in patterns:
        found = [Path(pattern)] if Path(pattern).is_file() else sorted(map(Path, glob.glob(
            f"{glob.escape(pattern)}/*.gguf" if Path(pattern).is_dir() else pattern)))
        files += [path.absolute() for path in found if path.absolute() not in files]
        missing += [] if found else [f"{pattern}: no GGUF files"]
    types = {path: match[1].upper() if (match := TYPE.search(path.stem)) else path.stem for path in files}
    names = (types, {path: path.stem for path in files}, {path: str(path) for path in files})
    labels = {path: next(name[path] for name in names if list(name.values()).count(name[path]) == 1) for path in files}
    rank = {path: next((i for i, name in enumerate(TYPES) if types[path].startswith(name)), -1) for path in files}
    return {labels[path]: path for path in sorted(files, key=rank.get)}, missing


def phases(options: argparse.Namespace, report_missing) -> list[Phase]:
    """What can be measured with the programs and models that there are."""
    def folder(given: Path | None, program: type[Program], *names: str) -> Path | None:
        candidates = [given] if given else [options.peers / name for name in names if options.peers]
        found = next((path.absolute() for path in candidates if find(path, program.executable)), None)
        if candidates and not found:
            report_missing(f"{program.name}: no {program.executable} in {candidates[0]}")
        return found

    ours = folder(options.programs, SwiftLlama)
    peers = {LlamaCpp: folder(options.llama_cpp, LlamaCpp, "llama.cpp"),
             IkLlamaCpp: folder(options.ik, IkLlamaCpp, "ik_llama.cpp")}
    peers[Repacked] = peers[IkLlamaCpp]

    def programs(*flash: bool | None) -> list[Program]:
        shared = options.threads, options.repetitions
        return [SwiftLlama(ours, *shared)] * bool(ours) + [
            peer(path, *shared, flash=each) for peer, path in peers.items() if path for each in flash]

    files, missing = models(options.models)
    for text in missing:
        report_missing(text)
    prefill, decode, batch = options.prompt, options.generate, options.batch
    found = [Phase({f"Prompt of {prefill} tokens": Work("prefill", prefill),
                    f"Decoding {decode} tokens": Work("decode", decode)}, programs(None), files)]
    if batch:
        found.append(Phase({f"Decoding {batch} sequences, prompt {decode}, {decode} tokens, all together": Work(
            "decode", decode, batch, decode)}, programs(None), files))
    found += [Phase({f"Prompt of {prefill} tokens after {depth:,}": Work("prefill", prefill, 1, depth),
                     f"Decoding {decode} tokens after {depth:,}": Work("decode", decode, 1, depth)},
                    programs(True, False), files) for depth in options.depth]
    if options.story:
        found.append(story(options, folder))
    return found


def story(options: argparse.Namespace, folder) -> Phase:
    tokenizer = options.story_tokenizer or next(iter(sorted(options.story.parent.glob("tok*.bin"))), None)
    if tokenizer is None:
        raise SystemExit(f"{options.story}: no tok*.bin beside it; give --story-tokenizer")
    programs = [(SwiftStory, folder(options.programs, SwiftStory)),
                (Llama2c, folder(options.llama2c, Llama2c, "llama2.c", "llama2c"))]
    return Phase({"Story model of llama2.c, greedy, 1 thread": Work("decode", 256)},
                 [program(path, tokenizer.absolute()) for program, path in programs if path],
                 {options.story.stem: options.story.absolute()})


def run(phases: list[Phase], report: Report, options: argparse.Namespace, scratch: Path) -> bool:
    """Whether every program did what it should. One that fails is not called again for the same model and works."""
    failed = set()
    for phase in phases:
        for label, model in phase.models.items():
            for turn in range(options.rounds):
                for program in phase.programs:
                    key = phase, label, program
                    if key in failed:
                        continue
                    print(f"{label}, round {turn + 1} of {options.rounds}, {program.name}: ", end="", file=sys.stderr,
                          flush=True)
                    try:
                        rates = program.measure(model, phase.works, scratch)
                        for work in phase.works:
                            if work not in rates:
                                raise ProgramError(f"{program.executable} measured no {work.kind}")
                            report.add(work, label, program.name, rates[work])
                        text = ", ".join(f"{work.kind} {rates[work]:.4g}" for work in phase.works) + " tokens/s"
                    except ProgramError as error:
                        failed.add(key)
                        text = str(error)
                        report.note(f"{label}, {program.name}: {error}")
                    print(text, file=sys.stderr, flush=True)
                    report.programs[program.name] = {"folder": program.folder.name, **program.version}
                    if options.output:
                        report.write(options.output)
    return not failed


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    missing: list[str] = []
    planned = phases(options, missing.append)
    settings = {name: getattr(options, name) for name in (
        "prompt", "generate", "batch", "depth", "threads", "rounds", "repetitions")}
    settings["LLAMA_KERNELS"] = os.environ.get("LLAMA_KERNELS")
    report = Report([table for phase in planned for table in phase.tables],
                    {label: path for phase in planned for label, path in phase.models.items()}, settings)
    for text in missing:
        report.note(text)
    if options.output:
        report.write(options.output)  # fails now rather than after an hour
    try:
        with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
            code = 0 if run(planned, report, options, Path(scratch)) else 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        report.note("Interrupted: rounds are missing.")
        if options.output:
            report.write(options.output)
        code = 130
    sys.stdout.write(report.markdown())
    return code


if __name__ == "__main__":
    sys.exit(main())
