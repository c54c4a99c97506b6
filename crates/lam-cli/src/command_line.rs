//! The command line as text that a shell reads back to the same arguments.

use std::ffi::OsString;

/// `lam` and the arguments after the program's name, quoted for a POSIX shell.
pub fn quoted(arguments: impl IntoIterator<Item = OsString>) -> String {
    let mut line = "lam".to_owned();
    for argument in arguments.into_iter().skip(1) {
        line.push(' ');
        line.push_str(&quote(&argument.to_string_lossy()));
    }
    line
}

fn quote(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        // Inside single quotes only the quote itself is special.
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::Command;

    use super::quoted;

    #[test]
    fn plain_arguments_stay_as_they_are() {
        let line =
            quoted(["/usr/bin/lam", "train", "a/b.yaml", "--set", "lr=1e-5"].map(Into::into));
        assert_eq!(line, "lam train a/b.yaml --set lr=1e-5");
    }

    /// A shell is asked, not our idea of one.
    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_same_arguments_back() {
        let arguments = [
            "",
            "two words",
            "it's",
            "$HOME",
            "`id`",
            "a\"b",
            "a\\b",
            "*",
            "~",
            "~/x",
            "#x",
            "a;b",
            "seeds=[1, 2]",
            "line\nbreak",
            "ü",
            "!",
            "a&b",
            "{a,b}",
            "-q",
        ];
        let line = quoted(std::iter::once("lam").chain(arguments).map(Into::into));
        let script = format!("lam() {{ printf '%s\\0' \"$@\"; }}; {line}");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        let read: Vec<&str> = std::str::from_utf8(&output.stdout)
            .unwrap()
            .split_terminator('\0')
            .collect();
        assert_eq!(read, arguments);
    }
}
