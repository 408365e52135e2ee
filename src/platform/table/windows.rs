//! Windows, whose store is no file.

#![forbid(unsafe_code)]

use super::bundle_only::BUNDLE_ONLY;
use crate::platform::Alias;
use crate::platform::Bundle;
use crate::platform::BundleEntries;
use crate::platform::Company;
use crate::platform::Evidence::File;
use crate::platform::JavaKeystores;
use crate::platform::Platform;
use crate::platform::Separator;
use crate::platform::SystemStores;

/// The machine's stores, as certutil(1) and certoc(1) write them with `-addstore`; paths are from the
/// system's drive. What is kept in files is kept where only administrators write, which
/// `C:\ProgramData` isn't.
pub(super) const WINDOWS: Platform = Platform {
    name: "windows",
    evidence: &[File("/Windows/System32/kernel32.dll")],
    anchors_directory: "/Program Files/ca-entrypoint/anchors",
    anchors_file: "/Program Files/ca-entrypoint/anchors.pem",
    // That of Git for Windows and MinGit (git-for-windows/MINGW-packages, mingw-w64-ca-certificates),
    // now and before 2.3x; with it come Mozilla's roots.
    bundles: &[Bundle {
        paths: &[
            "/Program Files/Git/mingw64/etc/ssl/certs/ca-bundle.crt",
            "/Program Files/Git/mingw64/ssl/certs/ca-bundle.crt",
            "/Program Files/Git/clangarm64/etc/ssl/certs/ca-bundle.crt",
            "/Program Files/Git/usr/ssl/certs/ca-bundle.crt",
            "/Program Files/MinGit/mingw64/etc/ssl/certs/ca-bundle.crt",
        ],
        entries: BundleEntries::Files(Separator::MissingLineFeed),
    }],
    makes_bundle: false,
    hash_directories: &[],
    java_keystores: JavaKeystores { paths: &[], alias: Alias::Name { prefix: "", suffix: "" } },
    // The installers' directories, and the top of the drive in the official images.
    java_runtimes: &[
        ("/Program Files/Java", Company::None),
        ("/Program Files/Eclipse Adoptium", Company::None),
        ("/Program Files/Microsoft", Company::Others),
        ("/Program Files/Amazon Corretto", Company::None),
        ("/Program Files/Zulu", Company::None),
        ("/", Company::Others),
    ],
    system_stores: Some(&SystemStores {
        roots: "Root",
        intermediates: "CA",
        distrusted: "Disallowed",
        hint: "programs that use Windows' own TLS (PowerShell, .NET, Go, curl.exe) read the machine's store alone: \
               install the CA as ContainerAdministrator, in this container or when the image is built",
        // git-config(1): with Schannel, git reads no file unless told so.
        git_settings: &[("http.schannelUseSSLCAInfo", "true")],
    }),
    immutable: &[],
    ..BUNDLE_ONLY
};
