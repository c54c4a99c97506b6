//! What the processor calls itself.

use std::thread;

/// Name and number of threads.
pub(super) fn name() -> String {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let model = model().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let s = if threads == 1 { "" } else { "s" };
    format!("{model}, {threads} thread{s}")
}

/// As Linux tells it; not every processor has a name there, and other systems tell it in other ways.
fn model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}
