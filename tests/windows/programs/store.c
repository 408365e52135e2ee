// The machine's certificate stores, as any other program sees and changes them.
//
//     store list STORE...                 STORE FINGERPRINT NAME, a certificate a line; NAME is the friendly name in UTF-16
//     store add STORE FILE [NAME]         adds the certificate of a DER file
//     store delete STORE FINGERPRINT
//     store restrict STORE FINGERPRINT    has it trusted for e-mail alone
//     store written STORE...              STORE KEY TIME, a line for each key of the registry below the store's

#include "text.h"
#include <wincrypt.h>
#include <wchar.h>

static int fail(const char *what)
{
    fprintf(stderr, "store: %s: error %08lx\n", what, GetLastError());
    return 1;
}

static HCERTSTORE open_store(const wchar_t *name)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, name);
}

// The SHA-256 of the DER, in hexadecimal.
static void fingerprint(PCCERT_CONTEXT certificate, wchar_t *text)
{
    BYTE hash[32];
    DWORD size = sizeof hash;
    HCRYPTPROV provider;
    HCRYPTHASH hasher;
    CryptAcquireContextW(&provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT);
    CryptCreateHash(provider, CALG_SHA_256, 0, 0, &hasher);
    CryptHashData(hasher, certificate->pbCertEncoded, certificate->cbCertEncoded, 0);
    CryptGetHashParam(hasher, HP_HASHVAL, hash, &size, 0);
    CryptDestroyHash(hasher);
    CryptReleaseContext(provider, 0);
    for (int i = 0; i < 32; i++)
        swprintf(text + 2 * i, 3, L"%02x", hash[i]);
}

static int list(const wchar_t *name)
{
    HCERTSTORE store = open_store(name);
    if (!store)
        return fail("open");
    PCCERT_CONTEXT certificate = NULL;
    while ((certificate = CertEnumCertificatesInStore(store, certificate))) {
        wchar_t text[65], friendly[4096] = L"";
        DWORD size = sizeof friendly;
        fingerprint(certificate, text);
        printf("%ls %ls", name, text);
        if (CertGetCertificateContextProperty(certificate, CERT_FRIENDLY_NAME_PROP_ID, friendly, &size))
            print_units("", friendly);
        else
            printf("\n");
    }
    return CertCloseStore(store, CERT_CLOSE_STORE_CHECK_FLAG) ? 0 : fail("close");
}

static int add(const wchar_t *name, const wchar_t *path, wchar_t *friendly)
{
    static BYTE der[65536];
    DWORD size;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE || !ReadFile(file, der, sizeof der, &size, NULL))
        return fail("read");
    HCERTSTORE store = open_store(name);
    PCCERT_CONTEXT certificate;
    if (!store)
        return fail("open");
    if (!CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, der, size, CERT_STORE_ADD_NEW, &certificate))
        return fail("add");
    if (friendly) {
        CRYPT_DATA_BLOB blob = {(lstrlenW(friendly) + 1) * sizeof *friendly, (BYTE *)friendly};
        if (!CertSetCertificateContextProperty(certificate, CERT_FRIENDLY_NAME_PROP_ID, 0, &blob))
            return fail("name");
    }
    CertFreeCertificateContext(certificate);
    return CertCloseStore(store, 0) ? 0 : fail("close");
}

static BOOL delete(PCCERT_CONTEXT certificate)
{
    return CertDeleteCertificateFromStore(certificate);
}

static BOOL restrict_to_email(PCCERT_CONTEXT certificate)
{
    LPSTR usage[] = {szOID_PKIX_KP_EMAIL_PROTECTION};
    CERT_ENHKEY_USAGE usages = {1, usage};
    return CertSetEnhancedKeyUsage(certificate, &usages);
}

static int change(const wchar_t *name, const wchar_t *wanted, BOOL (*act)(PCCERT_CONTEXT))
{
    HCERTSTORE store = open_store(name);
    PCCERT_CONTEXT certificate = NULL;
    while (store && (certificate = CertEnumCertificatesInStore(store, certificate))) {
        wchar_t text[65];
        fingerprint(certificate, text);
        if (!lstrcmpW(text, wanted))
            // Wine forgets what nothing but the closing of the store is to write.
            return act(certificate) && CertControlStore(store, CERT_STORE_CTRL_COMMIT_FORCE_FLAG, CERT_STORE_CTRL_COMMIT, NULL)
                    && CertCloseStore(store, 0) ? 0 : fail("change");
    }
    return fail("no such certificate");
}

static int written(const wchar_t *name)
{
    wchar_t path[256], key[256];
    FILETIME time;
    HKEY certificates;
    swprintf(path, 256, L"Software\\Microsoft\\SystemCertificates\\%ls\\Certificates", name);
    // There is none where nobody has put anything into the store.
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &certificates))
        return 0;
    for (DWORD i = 0, size = 256; !RegEnumKeyExW(certificates, i, key, &size, NULL, NULL, NULL, &time); i++, size = 256)
        printf("%ls %ls %08lx%08lx\n", name, key, time.dwHighDateTime, time.dwLowDateTime);
    RegCloseKey(certificates);
    return 0;
}

int wmain(int count, wchar_t **arguments)
{
    int result = 0;
    begin_output();
    if (count > 2 && !lstrcmpW(arguments[1], L"list"))
        for (int i = 2; i < count; i++)
            result |= list(arguments[i]);
    else if (count > 2 && !lstrcmpW(arguments[1], L"written"))
        for (int i = 2; i < count; i++)
            result |= written(arguments[i]);
    else if (count > 3 && !lstrcmpW(arguments[1], L"add"))
        result = add(arguments[2], arguments[3], arguments[4]);
    else if (count == 4 && !lstrcmpW(arguments[1], L"delete"))
        result = change(arguments[2], arguments[3], delete);
    else if (count == 4 && !lstrcmpW(arguments[1], L"restrict"))
        result = change(arguments[2], arguments[3], restrict_to_email);
    else
        result = fail("usage");
    return result;
}
