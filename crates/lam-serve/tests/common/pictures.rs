//! Pictures to send.

use lam_data::Picture;

pub const CLASSES: [(&str, [u8; 3]); 4] = [
    ("red", [230, 60, 40]),
    ("green", [50, 190, 80]),
    ("blue", [40, 80, 230]),
    ("yellow", [235, 215, 60]),
];

const SIDE: usize = 24;

pub fn one_colour(rgb: [u8; 3]) -> Picture {
    Picture::new(SIDE, SIDE, rgb.repeat(SIDE * SIDE)).unwrap()
}

/// Black and white by turns: no colour at all.
pub fn chessboard() -> Picture {
    let pixel = |i: usize| {
        if (i / SIDE + i) % 2 == 0 {
            [0; 3]
        } else {
            [255; 3]
        }
    };
    Picture::new(SIDE, SIDE, (0..SIDE * SIDE).flat_map(pixel).collect()).unwrap()
}

pub fn png(picture: &Picture) -> Vec<u8> {
    let mut out = Vec::new();
    let size = (picture.width() as u32, picture.height() as u32);
    let mut encoder = png::Encoder::new(&mut out, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(picture.pixels()).unwrap();
    writer.finish().unwrap();
    out
}

/// A PNG of one colour.
pub fn png_of(rgb: [u8; 3]) -> Vec<u8> {
    png(&one_colour(rgb))
}

/// A whole PNG file of a size that it does not hold.
pub fn png_that_promises(width: u32, height: u32) -> Vec<u8> {
    let mut file = png_of([1, 2, 3]);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&file[12..29]).to_be_bytes();
    file[29..33].copy_from_slice(&checksum);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A form with a file and texts.
pub fn form(fields: &[(&str, &[u8])]) -> (String, Vec<u8>) {
    let boundary = "----cut-here";
    let mut body = Vec::new();
    for (name, value) in fields {
        let file = if *name == "image" {
            "; filename=\"a.png\""
        } else {
            ""
        };
        body.extend(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
            )
            .bytes(),
        );
        body.extend(*value);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}
