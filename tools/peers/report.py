"""Collected tokens/s, as JSON and as tables in Markdown."""

import datetime
import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from .programs import Work

# Instruction sets that decide how fast these programs are, as Linux names them.
FLAGS = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_int8")
OURS = "swift-llama"


@dataclass(frozen=True)
class Table:
    """A work, and the programs that do it, in the order of the columns."""

    title: str
    work: Work
    columns: tuple[str, ...]


class Report:
    """Samples of every work, model and program; notes on what is missing."""

    def __init__(self, tables: list[Table], models: dict[str, Path], settings: dict):
        self.tables, self.models, self.settings = tables, models, settings
        self.machine = machine()
        self.samples: dict[tuple[Work, str, str], list[float]] = {}
        self.programs: dict[str, dict] = {}
        self.notes: list[str] = []

    def add(self, work: Work, model: str, program: str, value: float):
        self.samples.setdefault((work, model, program), []).append(value)

    def note(self, text: str):
        if text not in self.notes:
            self.notes.append(text)

    # MARK: JSON

    def json(self) -> dict:
        results = [
            {"weights": model, "file": self.models[model].name, "program": program, **asdict(work),
             "tokens_per_second": {"median": statistics.median(values), "min": min(values), "max": max(values),
                                   "samples": values}}
            for (work, model, program), values in self.samples.items()]
        return {"machine": self.machine, "settings": self.settings, "programs": self.programs, "results": results,
                "notes": self.notes}

    def write(self, path: Path):
        """Replaces the file at once, so that an interruption leaves the last complete one."""
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(self.json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(partial, path)

    # MARK: Markdown

    def markdown(self) -> str:
        parts = [self.heading()]
        for table in self.tables:
            rows = [self.row(table, model) for model in self.models]
            if any(rows := [row for row in rows if any(row[1:])]):
                head = ["weights", *table.columns, f"{OURS} ÷ fastest peer"]
                parts.append(f"### {table.title}\n\n" + "\n".join(
                    "| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]))
        parts += ["\n".join(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n\n".join(parts) + "\n"

    def heading(self) -> str:
        found, threads = self.machine, self.settings["threads"]
        rounds = self.settings["rounds"]
        text = (f"{found['processor']} ({' '.join(found['flags'])}), {found['logical_cores']} logical cores, "
                f"{threads} thread{'s' * (threads != 1)}, {found['date']}; load average {found['load_average']} "
                f"before. Tokens/s, median (lowest–highest) of {rounds} interleaved round{'s' * (rounds != 1)}.")
        forced = self.settings["LLAMA_KERNELS"]
        return text + (f" {OURS} with LLAMA_KERNELS={forced}, the others as they are built." if forced else "")

    def row(self, table: Table, model: str) -> list[str]:
        medians, cells = {}, []
        for column in table.columns:
            values = self.samples.get((table.work, model, column))
            cells.append(spread(values) if values else "")
            if values:
                medians[column] = statistics.median(values)
        ours = medians.pop(OURS, None)
        fastest = max(medians, key=medians.get, default=None)
        ratio = f"{ours / medians[fastest]:.2f} × ({fastest})" if ours and fastest and medians[fastest] else ""
        return [model, *cells, ratio]


def spread(values: list[float]) -> str:
    if len(values) == 1:
        return short(values[0])
    return f"{short(statistics.median(values))} ({short(min(values))}–{short(max(values))})"


def short(value: float) -> str:
    """Three significant digits, or all before the decimal point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> dict:
    """The processor, and how busy it is."""
    name, flags = platform.processor() or platform.machine(), []
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for key, _, value in (line.partition(":") for line in lines):
        if key.strip() == "model name":
            name = value.strip()
        if key.strip() == "flags":
            flags = [flag for flag in FLAGS if flag in value.split()]
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"processor": name, "flags": flags, "logical_cores": os.cpu_count(), "system": platform.platform(),
            "load_average": round(os.getloadavg()[0], 1), "date": now.strftime("%Y-%m-%d %H:%M UTC")}
