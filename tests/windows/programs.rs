//! The tests' own Windows programs, in C beside this file: what other programs on the machine do.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Compiles them all into a directory. What is no program but a library is left there too.
pub(crate) fn compile(directory: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/windows/programs");
    let mut compilers = Vec::new();
    for entry in fs::read_dir(sources).expect("the programs are beside this file") {
        let source = entry.expect("the directory can be read").path();
        if source.extension().is_some_and(|extension| extension == "c") {
            let program = directory.join(source.file_stem().expect("it has an extension"));
            let is_library = program.ends_with(LIBRARY);
            let (kind, extension) =
                if is_library { ("-shared", "dll") } else { ("-municode", "exe") };
            let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
            compiler.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
            compiler.args([kind, "-Wall", "-Wextra", "-Werror", "-O1", "-s", "-o"]);
            compiler.arg(program.with_extension(extension)).arg(source);
            compiler.args(["-ladvapi32", "-lcrypt32", "-lwinhttp"]);
            compilers
                .push(compiler.spawn().unwrap_or_else(|e| panic!("{compiler:?}: {e}: {INSTALL}")));
        }
    }
    for mut compiler in compilers {
        assert!(compiler.wait().is_ok_and(|status| status.success()), "a program doesn't compile");
    }
}

/// A library of the system's that Wine 8 lacks.
pub(crate) const LIBRARY: &str = "bcryptprimitives";

const INSTALL: &str =
    "apt-get install --no-install-recommends gcc-mingw-w64-x86-64, or make windows";
