//! Every figure with made-up data, and a report that holds them all:
//! `cargo run -p lam-plot --example gallery -- OUTDIR`.

mod data;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err("usage: gallery OUTDIR".into());
    };
    std::fs::create_dir_all(&folder)?;
    let figures = data::figures()?;
    for figure in figures.iter().flat_map(|(_, figures)| figures) {
        let files = figure.save(&folder)?;
        println!(
            "{} ({} KiB SVG, {} KiB PNG)",
            figure.name(),
            std::fs::metadata(&files.svg)?.len() / 1024,
            std::fs::metadata(&files.png)?.len() / 1024
        );
    }
    data::report(&figures).save(&folder.join("report.html"))?;
    Ok(())
}
