// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {ERC20, IERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// OpenZeppelin's vault as it is, which its package carries as an abstract contract, with a name and a
/// number of decimals by which shares are finer than the asset. Its assets are what lies in it. Nobody
/// has power over it, and nothing of it is ours but these lines.
contract PlainVault is ERC4626 {
    uint8 private immutable offset;

    constructor(IERC20 asset, string memory name, string memory symbol, uint8 offset_)
        ERC20(name, symbol)
        ERC4626(asset)
    {
        offset = offset_;
    }

    function _decimalsOffset() internal view override returns (uint8) {
        return offset;
    }
}
