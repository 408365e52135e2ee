// Gives the keys of the machine's stores the rights that Windows gives them and Wine doesn't: administrators may write there,
// and everybody may read.

#include <windows.h>
#include <sddl.h>
#include <wchar.h>

int wmain(void)
{
    const wchar_t *stores[] = {L"Root", L"CA"};
    PSECURITY_DESCRIPTOR rights;
    const wchar_t *text = L"D:P(A;;KA;;;BA)(A;;KA;;;SY)(A;;KR;;;WD)";
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &rights, NULL))
        return 1;
    for (int i = 0; i < 2; i++) {
        wchar_t path[256];
        HKEY key;
        swprintf(path, 256, L"Software\\Microsoft\\SystemCertificates\\%ls", stores[i]);
        if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL)
            || RegSetKeySecurity(key, DACL_SECURITY_INFORMATION, rights))
            return 2;
        RegCloseKey(key);
    }
    return 0;
}
