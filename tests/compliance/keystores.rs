//! Java's trust store, in each of the forms that keytool makes, as Java sees it before and after.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::certificates;
use crate::container::Container;
use crate::container::Image;
use crate::container::Stopped;
use crate::engine::unique_name;
use crate::side::install;

/// Where Debian's JREs have it.
const CACERTS: &str = "/etc/ssl/certs/java/cacerts";

const ANCHORS: &str = "/usr/local/share/ca-certificates";

/// What a JVM's own trust manager, which has no password, reads of a keystore.
#[derive(Clone, Copy, PartialEq)]
enum Readable {
    All,
    /// What isn't encrypted: nothing that keytool made.
    Ours,
}

/// A container with the keystore that a shell script makes.
fn start(script: &str) -> Container {
    let container = Container::start(Image::Clients);
    container.try_sh_with_input("cat >/tmp/Issuers.class", issuers_class()).expect_success();
    container.sh(&format!(
        "keytool() {{ command {KEYTOOL} \"$@\"; }}\n{FUNCTIONS}\n{script}\ncat /tmp/keystore >{CACERTS}"
    ));
    container
}

/// [`ISSUERS`], which Java would compile anew each time.
fn issuers_class() -> &'static [u8] {
    static CLASS: OnceLock<Vec<u8>> = OnceLock::new();
    CLASS.get_or_init(|| {
        let container = Container::start(Image::Clients);
        let script = "cd /tmp; cat >Issuers.java; java -m jdk.compiler/com.sun.tools.javac.Main Issuers.java";
        container.try_sh_with_input(script, ISSUERS.as_bytes()).expect_success();
        container.read("/tmp/Issuers.class")
    })
}

/// Java's two fastest ways of being short-lived: 0.8 s of the processor's time in place of 1.2.
pub(crate) const KEYTOOL: &str = "keytool -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC";

/// `import ALIAS NAME [OPTION]...` takes a certificate of the fixtures into `/tmp/keystore`, `key`
/// makes a private key there, and `take_roots [OPTION]...` takes the image's.
const FUNCTIONS: &str = "export LC_ALL=C.UTF-8
    password=changeit
    keystore() { keytool \"$@\" -noprompt -keystore /tmp/keystore -storepass $password; }
    import() { alias=$1 file=/fixtures/$2.crt; shift 2; keystore -importcert -alias \"$alias\" -file $file \"$@\"; }
    key() { keystore -genkeypair -keyalg EC -alias key -dname CN=key -keypass $password \"$@\"; }
    take_roots() {
        keytool -importkeystore -noprompt -srckeystore /etc/ssl/certs/java/cacerts -srcstorepass changeit \
            -destkeystore /tmp/keystore -deststorepass $password \"$@\"
    }
    # As the JDK's own since version 18.
    plain='-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE'
    ";

/// Prints the subjects that the JVM's own trust manager trusts.
const ISSUERS: &str = r#"
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

class Issuers {
    public static void main(String[] arguments) throws Exception {
        TrustManagerFactory factory =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        X509TrustManager manager = (X509TrustManager) factory.getTrustManagers()[0];
        for (X509Certificate issuer : manager.getAcceptedIssuers())
            System.out.println(issuer.getSubjectX500Principal().getName());
    }
}
"#;

/// The aliases, each with the type and the certificates of what is there. The date of an entry is
/// that of the reading in PKCS#12, which has none.
#[track_caller]
fn entries(container: &Container) -> BTreeMap<String, String> {
    let listing = container
        .sh(&format!("LC_ALL=C.UTF-8 {KEYTOOL} -list -rfc -keystore {CACERTS} -storepass changeit"))
        .stdout();
    let entries = listing.split("Alias name: ").skip(1);
    entries
        .map(|entry| {
            let (alias, text) = entry.split_once('\n').expect("a line for the alias");
            let is_content = |line: &&str| {
                !line.is_empty() && !line.starts_with("Creation date:") && !line.starts_with("****")
            };
            let text: Vec<&str> = text.lines().filter(is_content).collect();
            (alias.to_owned(), text.join("\n"))
        })
        .collect()
}

/// What the JVM trusts, with these options.
#[track_caller]
fn issuers(container: &Container, options: &str) -> Vec<String> {
    let run = container
        .sh(&format!("java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC {options} -cp /tmp Issuers"));
    run.stdout().lines().map(str::to_owned).collect()
}

#[track_caller]
fn stamp(container: &Container) -> String {
    container.sh(&format!("stat -c '%i %z' {CACERTS}")).stdout()
}

const OURS: [&str; 3] =
    ["CN=Compliance Intermediate", "CN=Compliance Root", "CN=Second Root,O=Compliance"];

/// Asserts that three certificates come, that nothing else changes, and that Java trusts them.
#[track_caller]
fn check(script: &str, readable: Readable) {
    let container = start(script);
    let file = container.read(CACERTS);
    let before = entries(&container);
    let trusted_before = issuers(&container, "");

    install(&container, "chain.crt").expect_success();
    let (mut others, ours): (BTreeMap<_, _>, BTreeMap<_, _>) =
        entries(&container).into_iter().partition(|(alias, _)| before.contains_key(alias));
    assert_eq!(container.read(CACERTS)[..2], file[..2], "another format");
    assert_eq!(others, before);
    assert_eq!(ours.len(), 3);
    for (alias, entry) in &ours {
        assert!(alias.starts_with("debian:ca-entrypoint-") && alias.ends_with(".pem"), "{alias}");
        assert!(entry.starts_with("Entry type: trustedCertEntry\n"), "{entry}");
    }
    let with_password =
        format!("-Djavax.net.ssl.trustStore={CACERTS} -Djavax.net.ssl.trustStorePassword=changeit");
    for options in ["", &with_password] {
        let trusted = issuers(&container, options);
        assert!(OURS.iter().all(|ours| trusted.iter().any(|issuer| issuer == ours)), "{trusted:?}");
        let is_other_there = trusted.iter().any(|issuer| issuer == "CN=Other 1");
        assert_eq!(is_other_there, readable == Readable::All || !options.is_empty(), "{trusted:?}");
        assert!(trusted_before.iter().all(|issuer| trusted.contains(issuer)), "{trusted:?}");
    }

    let stamp_before = stamp(&container);
    assert_eq!(container.sh("/ca-entrypoint").stderr, "");
    assert_eq!(stamp(&container), stamp_before);

    container.sh("/ca-entrypoint --remove");
    assert!(container.read(CACERTS) == file, "what was put in and taken out has left something");

    // Whoever works on with keytool finds all of it.
    install(&container, "chain.crt").expect_success();
    container.sh(&format!(
        "{KEYTOOL} -importcert -noprompt -alias later -file /fixtures/other-3.crt -keystore {CACERTS} -storepass changeit
        {KEYTOOL} -delete -alias other -keystore {CACERTS} -storepass changeit"
    ));
    let mut later = entries(&container);
    assert!(later.remove("later").is_some());
    others.remove("other").expect("it was there");
    others.extend(ours);
    assert_eq!(later, others);
    container.sh("/ca-entrypoint");
    let mut last = entries(&container);
    assert!(last.remove("later").is_some());
    assert_eq!(last, others);
}

#[test]
fn jks() {
    check("import other other-1 -storetype JKS", Readable::All);
}

#[test]
fn jks_with_a_private_key() {
    check("key -storetype JKS; import other other-1; import Ümläut☃😀 other-2", Readable::All);
}

#[test]
fn jks_with_public_roots() {
    check(&format!("cp {CACERTS} /tmp/keystore; import other other-1"), Readable::All);
}

#[test]
fn pkcs12_without_password() {
    check("import other other-1 $plain", Readable::All);
}

#[test]
fn pkcs12_without_password_and_with_public_roots() {
    check(
        "take_roots $plain; import other other-1 $plain; import Ümläut☃😀 other-2 $plain",
        Readable::All,
    );
}

/// HmacPBESHA256 in 10,000 iterations, and the certificates encrypted.
#[test]
fn pkcs12_by_default() {
    check("import other other-1", Readable::Ours);
}

/// HmacPBESHA1 in 100,000 iterations, and the certificates encrypted with RC2.
#[test]
fn pkcs12_of_old() {
    check("import other other-1 -J-Dkeystore.pkcs12.legacy", Readable::Ours);
}

#[test]
fn pkcs12_with_a_private_key() {
    check("key; import other other-1; import Ümläut☃😀 other-2", Readable::Ours);
}

#[test]
fn pkcs12_with_a_code_and_nothing_encrypted() {
    check("import other other-1 -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE", Readable::All);
}

#[test]
fn a_keystore_with_nothing_in_it() {
    for options in ["-storetype JKS", "", "$plain"] {
        let container = start(&format!(
            "import other other-1 {options}; keystore -delete -alias other {}",
            options.replace("-storetype JKS", "")
        ));
        let file = container.read(CACERTS);
        assert!(entries(&container).is_empty());
        install(&container, "chain.crt").expect_success();
        assert_eq!(entries(&container).len(), 3);
        assert_eq!(issuers(&container, "").len(), 3);
        container.sh("/ca-entrypoint --remove");
        assert!(container.read(CACERTS) == file);
    }
}

/// A JKS has a date for each entry: of the certificate, so that two starts make the same bytes.
#[test]
fn the_date_is_the_certificates() {
    let container = start("import other other-1 -storetype JKS");
    install(&container, "root.crt").expect_success();
    let listing = container.sh(&format!(
        "{KEYTOOL} -list -keystore {CACERTS} -storepass changeit
        date -ud \"$(openssl x509 -in /fixtures/root.crt -noout -startdate | cut -d= -f2)\" +'%b %-d, %Y'"
    ));
    let listing = listing.stdout();
    let date = listing.lines().last().expect("a line of date(1)");
    let entry = listing.lines().find(|line| line.starts_with("debian:ca-entrypoint-"));
    assert!(entry.is_some_and(|entry| entry.contains(date)), "{listing}");
}

/// What isn't understood, or protected by a password of somebody's own, is left alone and told of.
#[test]
fn keystores_that_are_left_alone() {
    for script in [
        "import other other-1 -storetype JCEKS",
        "password=secret77; import other other-1 -storetype JKS",
        "password=secret77; import other other-1",
        "import other other-1 -J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512",
        "import other other-1; truncate -s -1 /tmp/keystore",
        "import other other-1 -storetype JKS; truncate -s -1 /tmp/keystore",
        "echo nonsense >/tmp/keystore",
        ": >/tmp/keystore",
    ] {
        let container = start(script);
        let file = container.read(CACERTS);
        let run = install(&container, "root.crt");
        assert!(run.stderr.contains(CACERTS), "{script}\n{run}");
        assert!(container.read(CACERTS) == file, "{script}");
        assert!(container.certificates_in_bundle() > 1, "{script}");
    }
}

/// Debian's hook gives the same aliases, and finds nothing to do after us.
#[test]
fn the_same_as_debians_hook() {
    let [ours, theirs] = [(); 2].map(|()| Container::start(Image::Clients));
    install(&ours, "chain.crt").expect_success();
    let anchors = ours.sh(&format!("cd {ANCHORS}; tar -c ca-entrypoint-*")).stdout;
    theirs
        .try_sh_with_input(&format!("mkdir -p {ANCHORS}; tar -xC {ANCHORS}"), &anchors)
        .expect_success();
    theirs.sh("update-ca-certificates");
    let expected = entries(&theirs);
    assert_eq!(entries(&ours), expected);
    ours.sh("update-ca-certificates");
    assert_eq!(entries(&ours), expected);
}

/// Hooks are told of links that came and went, so another certificate under the same name doesn't
/// get into their keystore; and what is gone stays there, since a link isn't told of when its file is
/// gone, nor a hook that the run is a fresh one.
#[test]
fn theirs_keeps_what_is_gone() {
    let container = Container::start(Image::Clients);
    let local = format!("{ANCHORS}/local.crt");
    container
        .sh(&format!("mkdir -p {ANCHORS}; cp /fixtures/root.crt {local}; update-ca-certificates"));
    let before = entries(&container);
    assert!(before.contains_key("debian:local.pem"));
    container.sh(&format!("cp /fixtures/second.crt {local}; update-ca-certificates"));
    assert_eq!(entries(&container), before);
    container.sh(&format!("rm {local}; update-ca-certificates --fresh"));
    assert_eq!(entries(&container), before);
}

/// What has our bytes in it and no entry of ours: nothing to take out.
#[test]
fn a_removal_of_nothing() {
    let container = Container::start(Image::Clients);
    let before = stamp(&container);
    for _ in 0..2 {
        assert_eq!(container.sh("/ca-entrypoint --remove").stderr, "");
    }
    assert_eq!(stamp(&container), before);
}

/// A directory of somebody else's may lead a write by root anywhere at any time.
#[test]
fn a_runtime_of_somebody_else_s_is_not_written() {
    let container = Container::start(Image::Clients);
    container.sh(&format!(
        "mkdir -p /home/user/jdk/lib/security; cp {CACERTS} /home/user/jdk/lib/security/cacerts
        cp {CACERTS} /root/secret; ln -s /root/secret /home/user/jdk/lib/security/jssecacerts
        chown -hR 1000 /home/user/jdk; sha256sum /root/secret /home/user/jdk/lib/security/cacerts >/tmp/sums
        mkdir -p /etc/gitlab-runner/certs; cp /fixtures/root.crt /etc/gitlab-runner/certs/ca.crt"
    ));
    for expected in ["trust store updated: 1 added, 0 removed", ""] {
        let run = container.sh("JAVA_HOME=/home/user/jdk /ca-entrypoint env");
        assert!(run.stderr.contains(expected), "{run}");
        let option = "JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=/";
        assert!(run.stdout().lines().any(|line| line.starts_with(option)), "{run}");
    }
    container.sh("sha256sum --check /tmp/sums");
}

/// As Kubernetes mounts one key of a ConfigMap.
#[test]
fn a_keystore_that_is_mounted_read_only() {
    let directory = certificates::directory();
    let name = unique_name("keystore");
    let keystore = Container::start(Image::Clients).read(CACERTS);
    std::fs::write(format!("{directory}/{name}"), &keystore).expect("it was made for such files");
    let mounts = [
        format!("--volume={directory}/{name}:{CACERTS}:ro"),
        format!("--volume={directory}/root.crt:/etc/gitlab-runner/certs/ca.crt:ro"),
    ];
    let options: Vec<&str> = mounts.iter().map(String::as_str).collect();
    let command = ["/usr/bin/env"];
    let stopped = Stopped::create(Image::Clients.reference(), &options, &command);
    let first = stopped.start().expect_success();
    assert!(first.stderr.contains("trust store updated: 1 added, 0 removed"), "{first}");
    assert!(first.stderr.contains(&format!("Java keystore '{CACERTS}' cannot be written")));
    for run in [first, stopped.start().expect_success()] {
        let variables = run.stdout();
        assert!(variables.contains("JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore="), "{run}");
        assert!(variables.contains("SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"), "{run}");
    }
    // /dev/shm is new with each start, and with it the copy.
    let left = stopped.diff();
    assert!(!left.iter().any(|path| path.contains("unfinished")), "{left:?}");
}

/// Who can't read a keystore has the rest.
#[test]
fn a_keystore_that_is_secret() {
    let container = Container::start(Image::Clients);
    container.sh(&format!("chmod 600 {CACERTS}"));
    let run = container.sh(
        "setpriv --reuid 1000 --regid 1000 --clear-groups /ca-entrypoint --ca /fixtures/root.crt env",
    );
    assert!(run.stdout().contains("SSL_CERT_FILE=/dev/shm/ca-entrypoint-1000/bundle-"), "{run}");
    assert!(run.stderr.contains(&format!("cannot read '{CACERTS}': Permission denied")), "{run}");
}

/// An image that is built so shall not pass for one whose Java trusts the CA.
#[test]
fn a_keystore_with_a_password_of_its_own_is_an_error() {
    let container = start("password=secret1; import somebody other-1");
    for _ in 0..2 {
        let run = install(&container, "root.crt").expect_code(125);
        assert!(run.stderr.contains("its password is not 'changeit'"), "{run}");
    }
    assert_eq!(container.try_sh("/ca-entrypoint true").code, 0);
}

/// Nothing outside is looked at.
#[test]
fn the_keystores_of_another_root() {
    let container = Container::start(Image::Clients);
    container.sh(&format!(
        "mkdir -p /image/opt/jdk-17/lib/security /image/etc/gitlab-runner/certs
        cp {CACERTS} /image/opt/jdk-17/lib/security; cp /fixtures/root.crt /image/etc/gitlab-runner/certs/ca.crt
        /ca-entrypoint --root /image"
    ));
    let run = container.sh(&format!(
        "{KEYTOOL} -list -keystore /image/opt/jdk-17/lib/security/cacerts -storepass changeit"
    ));
    assert!(run.stdout().contains("ca-entrypoint-etc_gitlab-runner_certs_ca.crt-"), "{run}");
    assert_eq!(container.try_sh(&format!("grep -c ca-entrypoint {CACERTS}")).code, 1);
}
