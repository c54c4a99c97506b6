//! `lam devices`.

use clap::Args;
use lam_train::config::Device;
use lam_train::device::{self, Listed};
use serde_json::json;

use crate::error::CliError;
use crate::printer::Printer;
use crate::table;

const EXAMPLES: &str = "\
Examples:
  lam devices
  lam devices --json
  lam train configs/quickstart.yaml --device wgpu:1

`--device auto`, the default, is the first device listed that is no software driver. Interfaces that this
build does not have are added by `cargo build --release --features wgpu` (vulkan, cuda, metal); docs/devices.md
says what each needs.";

/// List the devices that tensors can live on
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DevicesArgs {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &DevicesArgs, printer: &Printer) -> Result<(), CliError> {
    let interfaces = device::interfaces();
    let mut found: Vec<Listed> = Vec::new();
    let mut missing = Vec::new();
    for interface in interfaces {
        match interface.devices {
            Ok(devices) => found.extend(devices),
            Err(why) => missing.push((interface.api, why)),
        }
    }
    found.push(device::processor());
    let auto = found.iter().find(|listed| !listed.is_software);
    let auto = auto.map_or(Device::Cpu, |listed| listed.asked);
    if args.json {
        let devices = found.iter().map(|listed| {
            json!({
                "device": listed.asked.to_string(),
                "name": listed.name,
                "software": listed.is_software,
                "auto": listed.asked == auto,
            })
        });
        let missing = missing
            .iter()
            .map(|(api, why)| json!({"interface": api.to_string(), "reason": why.to_string()}));
        let all = json!({
            "devices": devices.collect::<Vec<_>>(),
            "missing": missing.collect::<Vec<_>>(),
        });
        return printer.out(format!("{all:#}"));
    }
    let mut listing = table::new(printer, &["device", "name", "note"]);
    for listed in &found {
        let note = if listed.is_software {
            "software driver: computes on the processor"
        } else if listed.asked == auto {
            "auto"
        } else {
            ""
        };
        listing.add_row([
            listed.asked.to_string(),
            listed.name.clone(),
            note.to_owned(),
        ]);
    }
    printer.out(table::text(&listing))?;
    for (api, why) in missing {
        printer.out(format!("no {api}: {why}"))?;
    }
    Ok(())
}
