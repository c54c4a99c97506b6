//! The table of keys as Markdown.

use super::key_specs;

/// Every key with default, accepted values and meaning, one table a section.
pub fn markdown_table() -> String {
    let mut out = String::new();
    let mut section = "";
    for spec in key_specs() {
        if spec.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            section = spec.section;
            out.push_str(&format!("{gap}### {section}\n\n"));
            out.push_str("| key | default | accepts | meaning |\n|---|---|---|---|\n");
        }
        out.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            spec.key, spec.default, spec.expected, spec.doc
        ));
    }
    out
}
