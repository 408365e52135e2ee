// Verifies the server certificate of a DER file for the name "localhost" as Schannel's clients do, against the machine's
// stores. Prints "trusted", or what is wrong.

#include "text.h"
#include <wincrypt.h>

int wmain(int count, wchar_t **arguments)
{
    begin_output();
    static BYTE der[65536];
    DWORD size;
    HANDLE file = CreateFileW(arguments[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (count != 2 || file == INVALID_HANDLE_VALUE || !ReadFile(file, der, sizeof der, &size, NULL))
        return 2;
    PCCERT_CONTEXT certificate = CertCreateCertificateContext(X509_ASN_ENCODING, der, size);
    LPSTR usage[] = {szOID_PKIX_KP_SERVER_AUTH};
    CERT_CHAIN_PARA parameters = {.cbSize = sizeof parameters, .RequestedUsage = {USAGE_MATCH_TYPE_OR, {1, usage}}};
    PCCERT_CHAIN_CONTEXT chain;
    if (!certificate || !CertGetCertificateChain(HCCE_LOCAL_MACHINE, certificate, NULL, NULL, &parameters, 0, NULL, &chain))
        return 2;
    wchar_t name[] = L"localhost";
    HTTPSPolicyCallbackData https = {
        .cbStruct = sizeof https, .dwAuthType = AUTHTYPE_SERVER, .pwszServerName = name};
    CERT_CHAIN_POLICY_PARA policy = {.cbSize = sizeof policy, .pvExtraPolicyPara = &https};
    CERT_CHAIN_POLICY_STATUS status = {.cbSize = sizeof status};
    if (!CertVerifyCertificateChainPolicy(CERT_CHAIN_POLICY_SSL, chain, &policy, &status))
        return 2;
    // Wine's policy passes a chain that ends before a root, which Schannel itself refuses there too.
    DWORD trust = chain->TrustStatus.dwErrorStatus;
    if (!status.dwError && !trust)
        printf("trusted\n");
    else
        printf("policy %08lx, trust status %08lx\n", status.dwError, trust);
    return status.dwError || trust;
}
