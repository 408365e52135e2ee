// Prints "administrator" or "user", by each way there is to tell that.

#include "text.h"
#include <sddl.h>

int wmain(void)
{
    begin_output();
    HANDLE token;
    TOKEN_ELEVATION elevation;
    DWORD size;
    PSID administrators;
    BOOL is_member;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)
        || !GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size)
        || !ConvertStringSidToSidW(L"S-1-5-32-544", &administrators)
        || !CheckTokenMembership(NULL, administrators, &is_member))
        return 1;
    if (!elevation.TokenIsElevated != !is_member)
        return 2;
    fputs(is_member ? "administrator\n" : "user\n", stdout);
    return 0;
}
