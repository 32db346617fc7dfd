//! The files of the page become part of the binary when they are there: whoever builds without
//! Node.js gets a binary that says how to get them.

use std::path::Path;

fn main() {
    let files = "app/dist";
    // What is not there has no time of change, and would make every build a new one.
    let watched = if Path::new(files).is_dir() { files } else { "app" };
    println!("cargo::rerun-if-changed={watched}");
}
