//! An authority for one stack, and a certificate for each of its servers.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anyhow::Context;
use openssl::{pkcs12::Pkcs12, pkey::PKey, x509::X509};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

use crate::{
    failure::Result,
    stack::{kafka, mail, postgres, registry},
};

/// The file with the certificate of the authority.
pub const AUTHORITY: &str = "ca.pem";

/// Those that have a certificate.
const SERVERS: [&str; 4] = [kafka::NAME, registry::NAME, postgres::NAME, mail::NAME];

/// What Java wants to hear before it opens a keystore. Who can read the file is kept by its folder.
pub const KEYSTORE_PASSWORD: &str = "oneway";

/// Makes authority and certificates, unless all are there. The authority's key is kept
/// nowhere: so there can be no further certificate that anybody trusts.
pub fn provide(folder: &Path) -> Result<()> {
    let keystore = |server: &&str| folder.join(format!("{server}.p12")).is_file();
    if folder.join(AUTHORITY).is_file() && SERVERS.iter().all(keystore) {
        return Ok(());
    }
    let making = || format!("cannot make certificates in {}", folder.display());
    fs::create_dir_all(folder).with_context(making)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700)).with_context(making)?;
    Ok(make(folder).with_context(making)?)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named("the authority of a local stack of oneway");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);
    for server in SERVERS {
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name = named(server);
        // The broker speaks with itself, too.
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?.pem();
        let key = key.serialize_pem();
        let file = |ending: &str| folder.join(format!("{server}.{ending}"));
        fs::write(file("keystore.pem"), format!("{key}\n{certificate}"))?;
        fs::write(file("p12"), keystore(server, &key, &certificate)?)?;
        fs::write(file("key"), key)?;
        fs::write(file("pem"), certificate)?;
    }
    // The last one: with it all are there.
    fs::write(folder.join(AUTHORITY), authority)?;
    Ok(())
}

/// Key and certificate as PKCS #12: for who does not read PEM.
fn keystore(server: &str, key: &str, certificate: &str) -> anyhow::Result<Vec<u8>> {
    let key = PKey::private_key_from_pem(key.as_bytes())?;
    let certificate = X509::from_pem(certificate.as_bytes())?;
    let mut builder = Pkcs12::builder();
    builder.name(server).pkey(&key).cert(&certificate);
    Ok(builder.build2(KEYSTORE_PASSWORD)?.to_der()?)
}

fn named(name: &str) -> DistinguishedName {
    let mut all = DistinguishedName::new();
    all.push(DnType::CommonName, name);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("secure");
        provide(&folder).unwrap();
        let read = || fs::read_to_string(folder.join("kafka.keystore.pem")).unwrap();
        let first = read();
        assert!(first.contains("PRIVATE KEY") && first.contains("BEGIN CERTIFICATE"));
        provide(&folder).unwrap();
        assert_eq!(read(), first);
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
