//! Names that data never needs. Nothing is run either way; a file that has one is refused, not merely not obeyed.

/// Modules of which nothing is needed.
const MODULES: &[&str] = &[
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "shutil",
    "socket",
    "importlib",
    "runpy",
    "pty",
    "webbrowser",
    "ctypes",
    "code",
    "commands",
    "pickle",
    "marshal",
    "threading",
    "multiprocessing",
    "asyncio",
    "urllib",
    "http",
    "requests",
];

/// Built-in functions likewise.
const BUILTINS: &[&str] = &[
    "eval",
    "exec",
    "execfile",
    "compile",
    "open",
    "__import__",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "input",
    "breakpoint",
];

pub(crate) fn is_dangerous(module: &str, name: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    match top {
        "builtins" | "__builtin__" => BUILTINS.contains(&name),
        _ => MODULES.contains(&top),
    }
}
