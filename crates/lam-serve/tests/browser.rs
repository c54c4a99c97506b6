//! The page, in a browser: `cargo test -p lam-serve -- --ignored browser`. With `LAM_SHOTS` a folder for screenshots.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use lam_serve::{FolderPictures, ServeOptions, Service, Token};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::chromium::Page;
use crate::common::pictures::{CLASSES, chessboard, one_colour, png, png_of};
use crate::common::{Colours, Server, colours, plane};

/// The index of colours with its pictures, and images to ask with.
fn gallery() -> (TempDir, Service, PathBuf) {
    let (folder, service) = colours(Arc::new(Colours::default()));
    let pictures = folder.path().join("pictures");
    for (class, rgb) in CLASSES {
        fs::create_dir_all(pictures.join(class)).unwrap();
        for i in 0..6_u8 {
            let colour = rgb.map(|c| c.saturating_sub(i * 9).max(12));
            fs::write(
                pictures.join(format!("{class}/{i}.png")),
                png(&one_colour(colour)),
            )
            .unwrap();
        }
    }
    let ask = folder.path().join("ask");
    fs::create_dir_all(&ask).unwrap();
    fs::write(ask.join("red.png"), png_of([210, 50, 40])).unwrap();
    fs::write(ask.join("odd.png"), png(&chessboard())).unwrap();
    fs::write(ask.join("text.png"), "no picture").unwrap();
    let source = FolderPictures::new(&pictures).unwrap();
    let service = service.with_pictures(Arc::new(source));
    (folder, service, ask)
}

fn shot(page: &mut Page, name: &str) {
    if let Ok(folder) = std::env::var("LAM_SHOTS") {
        fs::create_dir_all(&folder).unwrap();
        fs::write(PathBuf::from(folder).join(name), page.screenshot()).unwrap();
    }
}

/// Pictures have arrived, or have not.
const SHOWN: &str = "document.querySelector('#results').ariaBusy === 'false' && [...document.querySelectorAll('.card figure')].every(f => f.firstChild)";

/// Text whose contrast with what is behind it is below that of WCAG AA.
const FAINT: &str = r#"(() => {
  const parse = (c) => { const n = c.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (let n = e; n; n = n.parentElement) { const c = parse(getComputedStyle(n).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('.hidden, script, noscript')) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(parse(style.color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${walk.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return faint;
})()"#;

#[test]
#[ignore = "needs chromium"]
fn an_image_finds_its_like() {
    let (_folder, service, ask) = gallery();
    let server = Server::start(service, ServeOptions::local(0));
    let mut page = Page::open();
    page.size(1280, 860);
    page.scheme("light");
    page.go(&server.url("/"));
    page.wait_for("document.querySelectorAll('#map circle').length === 24");
    assert_eq!(
        page.evaluate("document.querySelector('h1').textContent"),
        "colours"
    );
    assert_eq!(page.evaluate("document.title"), "colours – LAM");
    assert_eq!(page.evaluate(FAINT), json!([]));
    shot(&mut page, "empty-1280-light.png");
    page.choose("#file", &ask.join("red.png"));
    page.wait_for("document.querySelectorAll('.card').length === 10");
    page.wait_for(SHOWN);
    assert_eq!(
        page.evaluate("document.querySelector('#headline').textContent"),
        "red"
    );
    assert_eq!(
        page.evaluate("document.querySelector('.verdict').className"),
        "verdict accepted"
    );
    assert_eq!(
        page.evaluate("document.querySelector('.card-class').textContent"),
        "red"
    );
    assert_eq!(
        page.evaluate("document.querySelector('#query-picture').naturalWidth"),
        24
    );
    // Every neighbour with its picture, as the server has it.
    page.wait_for("[...document.querySelectorAll('.card img')].filter(i => i.naturalWidth === 24).length === 10");
    // The query with its samples, its spread, and its neighbours on the map.
    let marked = page.evaluate("['.query', '.sample', '.spread', '.neighbour'].map(c => document.querySelectorAll('#map ' + c).length)");
    assert_eq!(marked, json!([1, 8, 2, 10]));
    assert_eq!(
        page.evaluate("document.querySelector('#results').ariaLive"),
        "polite"
    );
    assert_eq!(page.evaluate(FAINT), json!([]));
    shot(&mut page, "found-1280-light.png");
    // Another number of neighbours.
    page.evaluate("(() => { const k = document.querySelector('#k'); k.value = '5'; k.dispatchEvent(new Event('change')); })()");
    page.wait_for("document.querySelectorAll('.card').length === 5");
    page.wait_for(SHOWN);
    let complaints = page.complaints(&server.url(""));
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
#[ignore = "needs chromium"]
fn not_sure_is_said_plainly() {
    let (_folder, service, ask) = gallery();
    let server = Server::start(service, ServeOptions::local(0));
    let mut page = Page::open();
    page.size(1280, 860);
    page.go(&server.url("/"));
    page.wait_for("document.querySelectorAll('#map circle').length > 0");
    page.choose("#file", &ask.join("odd.png"));
    page.wait_for("document.querySelector('.verdict.abstained')");
    page.wait_for(SHOWN);
    assert_eq!(
        page.evaluate("document.querySelector('#headline').textContent"),
        "Not sure: this looks unlike anything indexed"
    );
    let reason = page.evaluate("document.querySelector('#reason').textContent");
    assert!(
        reason
            .as_str()
            .unwrap()
            .contains("above the index's threshold"),
        "{reason}"
    );
    assert_eq!(
        page.evaluate("document.querySelectorAll('.neighbours.subordinate .card').length"),
        10
    );
    assert_eq!(
        page.evaluate("document.querySelector('#meter').hidden"),
        true
    );
    for scheme in ["light", "dark"] {
        page.scheme(scheme);
        assert_eq!(page.evaluate(FAINT), json!([]), "{scheme}");
        shot(&mut page, &format!("abstained-1280-{scheme}.png"));
    }
    // What is wrong is said, and the next image is found.
    page.choose("#file", &ask.join("text.png"));
    page.wait_for("!document.querySelector('#failure').hidden");
    let failure = page.evaluate("document.querySelector('#failure').textContent");
    assert!(
        failure
            .as_str()
            .unwrap()
            .starts_with("Not an image that can be read"),
        "{failure}"
    );
    page.choose("#file", &ask.join("red.png"));
    page.wait_for("document.querySelector('.verdict.accepted')");
    assert_eq!(
        page.evaluate("document.querySelector('#failure').hidden"),
        true
    );
}

#[test]
#[ignore = "needs chromium"]
fn a_phone_shows_all_of_it() {
    let (_folder, service, ask) = gallery();
    let server = Server::start(service, ServeOptions::local(0));
    let mut page = Page::open();
    page.size(360, 740);
    for scheme in ["dark", "light"] {
        page.scheme(scheme);
        page.go(&server.url("/"));
        page.wait_for("document.querySelectorAll('#map circle').length > 0");
        for (image, verdict) in [("odd.png", "abstained"), ("red.png", "accepted")] {
            page.choose("#file", &ask.join(image));
            page.wait_for(&format!("document.querySelector('.verdict.{verdict}')"));
            page.wait_for(SHOWN);
            let wide = page.evaluate("[document.documentElement.scrollWidth, ...[...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && !e.closest('.hidden, svg') && e.getBoundingClientRect().right > 360.5).map(e => e.className || e.id || e.tagName)]");
            assert_eq!(wide, json!([360]), "{scheme} {image}");
            assert_eq!(page.evaluate(FAINT), json!([]), "{scheme} {image}");
            shot(&mut page, &format!("{verdict}-360-{scheme}.png"));
        }
        let paper = page.evaluate("getComputedStyle(document.body).backgroundColor");
        assert_eq!(
            paper,
            if scheme == "dark" {
                "rgb(21, 24, 28)"
            } else {
                "rgb(255, 255, 255)"
            }
        );
        // A finger hits what is to be touched.
        let small = page.evaluate("[...document.querySelectorAll('button, .drop, summary, select')].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 24).map(e => e.id || e.tagName)");
        assert_eq!(small, json!([]));
    }
}

#[test]
#[ignore = "needs chromium"]
fn images_are_dropped_and_pasted() {
    let (_folder, service, _ask) = gallery();
    let server = Server::start(service, ServeOptions::local(0));
    let mut page = Page::open();
    page.go(&server.url("/"));
    page.wait_for("document.querySelectorAll('#map circle').length > 0");
    for (event, colour, class) in [
        ("drop", "rgb(50 190 80)", "green"),
        ("paste", "rgb(40 80 230)", "blue"),
    ] {
        page.evaluate(&format!(
            "(async () => {{
                const canvas = document.createElement('canvas');
                const pen = canvas.getContext('2d');
                pen.fillStyle = '{colour}';
                pen.fillRect(0, 0, canvas.width, canvas.height);
                const blob = await new Promise(done => canvas.toBlob(done, 'image/png'));
                const data = new DataTransfer();
                data.items.add(new File([blob], 'a.png', {{ type: 'image/png' }}));
                const made = {{ drop: () => new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }}),
                    paste: () => new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }}) }};
                document.body.dispatchEvent(made.{event}());
            }})()"
        ));
        page.wait_for(&format!(
            "document.querySelector('#headline').textContent === '{class}'"
        ));
        assert_eq!(
            page.evaluate("document.querySelector('#kind').textContent"),
            "Accepted"
        );
    }
    let complaints = page.complaints(&server.url(""));
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// What has the focus, and whether that can be seen.
fn focused(page: &mut Page) -> (String, bool) {
    let found = page.evaluate("(() => { const e = document.activeElement; const shown = e.closest('.drop') ?? e; const style = getComputedStyle(shown); return [e.id || e.tagName, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]; })()");
    (found[0].as_str().unwrap().to_owned(), found[1] == true)
}

#[test]
#[ignore = "needs chromium"]
fn the_keyboard_is_enough() {
    let (_folder, service, _ask) = gallery();
    let server = Server::start(service, ServeOptions::local(0));
    let mut page = Page::open();
    page.size(1280, 860);
    page.go(&server.url("/"));
    page.wait_for("document.querySelectorAll('#map circle').length > 0");
    let mut order = Vec::new();
    for _ in 0..6 {
        page.tab();
        let (name, visible) = focused(&mut page);
        assert!(visible, "{name} has the focus, but nothing shows it");
        if name == "SUMMARY" {
            page.press("Enter", 13, 0);
        }
        order.push(name);
    }
    assert_eq!(
        order,
        ["file", "SUMMARY", "vector", "BUTTON", "k", "ranking"]
    );
    // Back to the field, a vector, and off.
    for _ in 0..3 {
        page.press("Tab", 9, 8);
    }
    assert_eq!(focused(&mut page).0, "vector");
    page.type_text("[0.1, 0.2]");
    page.press("Enter", 13, 2);
    page.wait_for("!document.querySelector('#failure').hidden");
    assert_eq!(
        page.evaluate("document.querySelector('#failure').textContent"),
        "The list has 2 numbers; 3 are expected."
    );
    page.press("a", 65, 2);
    page.evaluate("document.querySelector('#vector').select()");
    page.type_text("[0.1, 0.2, 0.9]");
    page.tab();
    page.press("Enter", 13, 0);
    page.wait_for("document.querySelectorAll('.card').length === 10");
    page.wait_for(SHOWN);
    assert_eq!(
        page.evaluate("document.querySelector('#headline').textContent"),
        "blue"
    );
    // Nothing is known about a vector's uncertainty.
    assert_eq!(
        page.evaluate("document.querySelector('.verdict').className"),
        "verdict undecided"
    );
}

#[test]
#[ignore = "needs chromium"]
fn an_index_of_vectors_has_its_page() {
    let (_folder, service) = plane();
    let server = Server::start(service.named("the plane"), ServeOptions::local(0));
    let mut page = Page::open();
    page.size(1280, 860);
    page.scheme("light");
    page.go(&server.url("/"));
    page.wait_for("document.querySelectorAll('#map circle').length === 4");
    assert_eq!(
        page.evaluate("document.querySelector('#image-form').checkVisibility()"),
        false
    );
    assert_eq!(
        page.evaluate("document.querySelector('#vector').checkVisibility()"),
        true
    );
    page.evaluate("document.querySelector('#vector').focus()");
    page.type_text("[0.4, 2]");
    page.press("Enter", 13, 2);
    page.wait_for("document.querySelectorAll('.card').length === 4");
    assert_eq!(
        page.evaluate("document.querySelector('#headline').textContent"),
        "north"
    );
    shot(&mut page, "vectors-1280-light.png");
    let complaints = page.complaints(&server.url(""));
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
#[ignore = "needs chromium"]
fn the_token_is_asked_for() {
    const TOKEN: &str = "correct-horse-battery-staple";
    let (_folder, service, ask) = gallery();
    let address = "127.0.0.1:0".parse().unwrap();
    let options = ServeOptions::new(address, Some(Token::new(TOKEN).unwrap())).unwrap();
    let server = Server::start(service, options);
    let mut page = Page::open();
    page.size(360, 740);
    page.go(&server.url("/"));
    page.wait_for("document.activeElement.id === 'token'");
    shot(&mut page, "token-360.png");
    page.type_text("not-the-right-one-at-all");
    page.press("Enter", 13, 0);
    page.wait_for("!document.querySelector('#token-error').hidden");
    assert_eq!(
        page.evaluate("document.querySelector('#main').hidden"),
        true
    );
    page.type_text(TOKEN);
    page.press("Enter", 13, 0);
    page.wait_for("document.querySelectorAll('#map circle').length > 0");
    // Pictures, too, are fetched with it.
    page.choose("#file", &ask.join("red.png"));
    page.wait_for("[...document.querySelectorAll('.card img')].filter(i => i.naturalWidth === 24).length === 10");
    let shown: Value = page.evaluate("document.body.innerHTML");
    assert!(!shown.as_str().unwrap().contains(TOKEN));
}

#[test]
#[ignore = "needs chromium"]
fn names_are_text_and_nothing_else() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let evil = "<img src=x onerror=alert(1)>";
    server.json("/items", &json!({"id": evil, "vector": [1, 1], "class": evil, "metadata": "<script>alert(2)</script>"})).ok();
    let mut page = Page::open();
    page.go(&server.url("/"));
    page.wait_for("document.querySelectorAll('#map circle').length >= 4");
    page.evaluate("document.querySelector('#vector').focus()");
    page.type_text("[1, 1]");
    page.press("Enter", 13, 2);
    page.wait_for("document.querySelectorAll('.card').length === 5");
    assert_eq!(
        page.evaluate("document.querySelector('#headline').textContent"),
        evil
    );
    assert_eq!(
        page.evaluate(
            "document.querySelectorAll('#answer img:not(#query-picture), #answer script').length"
        ),
        0
    );
    let complaints = page.complaints(&server.url(""));
    assert!(complaints.is_empty(), "{complaints:#?}");
}
