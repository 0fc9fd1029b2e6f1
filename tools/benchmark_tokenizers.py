#!/usr/bin/env python3
"""Compares the speed of `llama-tokenize` with tiktoken, tokenizers and sentencepiece, on one thread.

Needs `pip install tiktoken tokenizers sentencepiece` (used with 0.14.0, 0.23.3 and 0.2.3) and a release build of
`llama-tokenize`, which measures itself: `llama-tokenize benchmark --tokenizer FILE --data FILE --repeat N` prints

    {"load_seconds": …, "seconds": [one time per repetition], "tokens": …, "bytes": …}

    tools/benchmark_tokenizers.py llama3/tokenizer.model llama3/tokenizer.json llama2/tokenizer.model --prose text.txt

Each file is measured with every library that reads its kind; `--reference FILE` names further files of the same
model, so that a tokenizer.json is also compared with tiktoken on a tokenizer.model. Texts are prose (given), code
(the source of Python's standard library) and Chinese (made here), each one text of `--megabytes`. The rounds
alternate between the programs, so that a slow moment of the machine affects all of them. Tables have medians, the
fastest and slowest time, and how often faster than each library this package is. tokenizers keeps what it has
merged, so all but its first repetition are in its favour; "tokenizers, ids only" leaves out the places in the text.

The last table shows whether time grows with length: texts without a gap against prose of the same size.
"""

import os

# Set before the libraries are imported, which read them.
os.environ |= {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "TIKTOKEN_CACHE_DIR": ""}

import argparse
import gc
import json
import pathlib
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+")

# Most frequent first; sentences are drawn from these by rank.
CHINESE = """的 了 在 是 我 他 们 这 有 一个 不 人 上 也 就 说 和 到 来 去 她 时候 自己 没有 什么 可以 因为 所以 如果 但是 已经 我们 他们 中国
    时间 问题 工作 生活 学习 学生 老师 朋友 孩子 父母 城市 公司 经济 发展 社会 国家 世界 历史 文化 语言 科学 技术 研究 计算 模型 数据 方法 结果 系统
    今天 明天 昨天 早上 晚上 春天 夏天 秋天 冬天 天气 下雨 太阳 月亮 大海 河流 山上 森林 花园 房子 窗户 街道 火车 飞机 船长 港口 车站 医院 学校 图书馆
    看见 听到 觉得 知道 认为 希望 需要 开始 结束 继续 离开 回家 吃饭 喝茶 写信 读书 唱歌 走路 等待 微笑 沉默 回答 解释 选择 决定 改变 帮助 相信 记得
    非常 特别 常常 慢慢 终于 突然 仍然 几乎 一起 美丽 安静 重要 简单 困难 普通 古老 新鲜 温暖 寒冷 遥远 聪明 勤劳 年轻 高兴 难过 丰富 复杂 基本 主要
    政府 市场 企业 产品 服务 管理 环境 资源 能源 教育 艺术 音乐 电影 新闻 网络 手机 电脑 软件 程序 算法 神经 训练 参数 矩阵 概率 函数 翡翠 蝴蝶 蜿蜒 璀璨
    """.split()


def chinese(size, rng):
    weights = [1 / (rank + 3) for rank in range(len(CHINESE))]
    parts, length = [], 0
    while length < size:
        words = rng.choices(CHINESE, weights, k=rng.randint(3, 14))
        if rng.random() < 0.1:
            words.insert(1, rng.choice(["2024年", "3.5", "GPU", "100％", "《红楼梦》", "Swift"]))
        parts.append("".join(words) + rng.choice("，，，。。？！；：") + ("\n" if rng.random() < 0.08 else ""))
        length += len(parts[-1].encode())
    return "".join(parts)


def code():
    folder = pathlib.Path(sysconfig.get_path("stdlib"))
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))


def cut(text, size):
    """The text, repeated where it is short, in so many bytes."""
    data = text.encode()
    return (data * (size // len(data) + 1))[:size].decode(errors="ignore")


def texts(prose, size):
    return {
        "prose": cut(prose, size), "code": cut(code(), size), "Chinese": cut(chinese(size, random.Random(1)), size)}


def unbroken(size):
    rng = random.Random(2)
    letters = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=size))
    return {"one letter": "a" * size, "spaces": " " * size, "random letters": letters, "emoji": "😀" * (size // 4),
            "newlines": "\n" * size, "exclamation marks": "!" * size}


def tiktoken_encoder(path):
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe

    ranks = load_tiktoken_bpe(path)
    encoding = tiktoken.Encoding(
        "measured", pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens={})
    return encoding.encode_ordinary


def sentencepiece_encoder(path):
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_file=path).encode


def line_by_line_encoder(path):
    """How sentencepiece is often used, and faster; not the same ids, as each line gets a space in front."""
    encode = sentencepiece_encoder(path)
    return lambda text: [
        identifier for ids in encode(text.split("\n"), num_threads=1) for identifier in ids]


def tokenizers_encoder(path):
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(path)
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def ids_only_encoder(path):
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(path)
    return lambda text: tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids


def libraries(path):
    """The libraries that read a file of this kind, by name."""
    head = pathlib.Path(path).read_bytes()[:4096]
    if head.lstrip()[:1] == b"{":
        return {"tokenizers": tokenizers_encoder, "tokenizers, ids only": ids_only_encoder}
    first = head.split(b"\n")[0]
    if len(first.split(b" ")) == 2 and first[-1:].isdigit():
        return {"tiktoken": tiktoken_encoder}
    return {"sentencepiece": sentencepiece_encoder, "sentencepiece, line by line": line_by_line_encoder}


class Library:
    def __init__(self, name, make, path):
        self.name, self.make, self.path = name, make, path
        make(path)  # what is imported is not what is loaded
        self.encode = make(path)

    def load(self):
        gc.collect()
        start = time.perf_counter()
        encode = self.make(self.path)
        seconds = time.perf_counter() - start
        del encode
        return seconds

    def measure(self, file, repeat):
        text = pathlib.Path(file).read_bytes().decode()
        seconds = []
        for _ in range(repeat):
            start = time.perf_counter()
            ids = self.encode(text)
            seconds.append(time.perf_counter() - start)
        return {"load_seconds": self.load(), "seconds": seconds, "tokens": len(ids)}


class Command:
    def __init__(self, path, tokenizer):
        self.name = "llama-tokenize"
        self.start = [path, "benchmark", "--tokenizer", tokenizer]

    def measure(self, file, repeat):
        found = subprocess.run(
            [*self.start, "--data", file, "--repeat", str(repeat)], stdout=subprocess.PIPE, check=True).stdout
        return json.loads(found)


def built_command():
    folders = [ROOT / name / "release" for name in [".build-release", ".build"]]
    return next((str(found) for folder in folders if (found := folder / "llama-tokenize").exists()), None)


def spread(seconds, scale=1e3):
    return f"{statistics.median(seconds) * scale:.1f} ({min(seconds) * scale:.1f}–{max(seconds) * scale:.1f})"


def rounds(contestants, file, options):
    """All times of all contestants, taken in turns."""
    times = {each.name: {"seconds": [], "load": [], "tokens": set()} for each in contestants}
    for _ in range(options.rounds):
        for each in contestants:
            found = each.measure(file, options.repeat)
            times[each.name]["seconds"] += found["seconds"]
            times[each.name]["load"].append(found["load_seconds"])
            times[each.name]["tokens"].add(found["tokens"])
    return times


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def throughput(contestants, files, options):
    loads = {each.name: [] for each in contestants}
    rows = []
    for name, file in files.items():
        times = rounds(contestants, file, options)
        size = pathlib.Path(file).stat().st_size
        ours = statistics.median(times[contestants[0].name]["seconds"])
        for contestant, found in times.items():
            median = statistics.median(found["seconds"])
            rows.append([name, contestant, spread(found["seconds"]), f"{size / median / 1e6:.1f}",
                         "/".join(map(str, sorted(found["tokens"]))), f"{median / ours:.2f} ×"])
            loads[contestant] += found["load"]
    table(["text", "program", "ms, median (fastest–slowest)", "MB/s", "tokens", "llama-tokenize is faster by"], rows)
    ours = statistics.median(loads[contestants[0].name])
    table(["program", "loading, ms", "llama-tokenize takes"], [
        [name, spread(seconds), f"{ours / statistics.median(seconds):.2f} ×"] for name, seconds in loads.items()])


def linearity(command, prose, files, options):
    """The unbroken texts' times against that of prose of the same size."""
    times = {name: [] for name in ["prose", *files]}
    for _ in range(options.rounds):
        for name in times:
            times[name] += command.measure(prose if name == "prose" else files[name], 1)["seconds"]
    base = statistics.median(times["prose"])
    table(["1 MB of", "ms, median (fastest–slowest)", "against prose"], [
        [name, spread(seconds), f"{statistics.median(seconds) / base:.2f} ×"] for name, seconds in times.items()])


def written(folder, content):
    files = {}
    for name, text in content.items():
        files[name] = str(pathlib.Path(folder) / f"{name.replace(' ', '-')}.txt")
        pathlib.Path(files[name]).write_bytes(text.encode())
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizers", nargs="+", metavar="TOKENIZER")
    parser.add_argument("--reference", action="append", default=[], metavar="FILE")
    parser.add_argument("--prose", required=True, metavar="FILE")
    parser.add_argument("--megabytes", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=3, help="repetitions in each round")
    parser.add_argument("--llama-tokenize", metavar="PATH", default=built_command())
    options = parser.parse_args()
    if not options.llama_tokenize:
        parser.error("no release build of llama-tokenize found; name one with --llama-tokenize")
    prose = pathlib.Path(options.prose).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        files = written(folder, texts(prose, int(options.megabytes * 1e6)))
        longs = written(folder, unbroken(1_000_000))
        [base] = written(folder, {"prose of 1 MB": cut(prose, 1_000_000)}).values()
        for path in options.tokenizers:
            print(f"## {path}\n")
            command = Command(options.llama_tokenize, path)
            others = [Library(name, make, file) for file in [path, *options.reference]
                      for name, make in libraries(file).items()]
            throughput([command, *others], files, options)
            linearity(command, base, longs, options)
            sys.stdout.flush()


main()
